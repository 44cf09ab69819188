//! Macros that declare a set of words once: number, word and meaning of each.

/// Declares an enumeration whose variants have a fixed number, a fixed word and a meaning.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $value:literal => $word:literal, $meaning:literal;)+ }) => {
        $(#[$meta])*
        #[allow(
            clippy::doc_markdown,
            reason = "a meaning is plain text for terminals and tables as well"
        )]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $(#[doc = $meaning] $variant = $value,)+ }

        impl $name {
            /// Every variant, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used on the command line, in recordings and on the screen.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it says, in one or two plain sentences or phrases.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// The variant with this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($value => Some(Self::$variant),)+ _ => None }
            }

            /// The variant with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.word())
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;
                impl serde::de::Visitor<'_> for Word {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("one of", $(" ", $word),+))
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        $name::from_word(word).ok_or_else(|| E::unknown_variant(word, &[$($word,)+]))
                    }
                }
                deserializer.deserialize_str(Word)
            }
        }
    };
}

/// Declares an enumeration as [`words!`] does, whose numbers are bits, and the sets of its variants with a
/// constant for each single one.
macro_rules! sets {
    ($(#[$meta:meta])* $set:ident of $(#[$one_meta:meta])* $name:ident {
        $($variant:ident $constant:ident = $bit:literal => $word:literal, $meaning:literal;)+
    }) => {
        words! {
            $(#[$one_meta])*
            $name { $($variant = $bit => $word, $meaning;)+ }
        }

        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $set(pub u32);

        impl $set {
            $(#[doc = concat!("`", $word, "` alone.")] pub const $constant: Self = Self(1 << $bit);)+

            /// The empty set.
            pub const NONE: Self = Self(0);

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_empty(self) -> bool { self.0 == 0 }

            /// Whether every bit of `other` is set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool { self.0 & other.0 == other.0 }

            /// Whether this one is in it.
            #[must_use]
            pub const fn has(self, one: $name) -> bool { self.0 & 1 << one as u32 != 0 }

            /// The union of both sets.
            #[must_use]
            pub const fn with(self, other: Self) -> Self { Self(self.0 | other.0) }

            /// The union with `other` where `condition` holds, else `self`.
            #[must_use]
            pub const fn with_if(self, other: Self, condition: bool) -> Self {
                if condition { self.with(other) } else { self }
            }

            /// What is in this set and not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self { Self(self.0 & !other.0) }

            /// Those in the set, lowest number first.
            pub fn iter(self) -> impl Iterator<Item = $name> {
                $name::ALL.iter().copied().filter(move |one| self.has(*one))
            }

            /// The words of those in the set, lowest number first.
            pub fn words(self) -> impl Iterator<Item = &'static str> {
                self.iter().map($name::word)
            }
        }

        impl From<$name> for $set {
            fn from(one: $name) -> Self { Self(1 << one as u32) }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(all: I) -> Self {
                all.into_iter().fold(Self::NONE, |set, one| set.with(one.into()))
            }
        }
    };
}
