//! Macros that declare words once: number, word and meaning of each.

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

            /// Its meaning: a plain phrase without a capital and without a full stop.
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

            /// Folds over every variant, in order of its number. The loop is written out, so that the
            /// compiler decides each `match` on the variant, and the probes have no loop.
            #[inline(always)]
            pub fn fold<T>(start: T, mut step: impl FnMut(T, Self) -> T) -> T {
                $(let start = step(start, Self::$variant);)+
                start
            }
        }

        impl crate::words::Word for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.word()
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::from_word(word)
            }

            fn meaning(self) -> &'static str {
                self.meaning()
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
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("one of", $(" ", $word),+))
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        $name::from_word(word).ok_or_else(|| E::unknown_variant(word, &[$($word,)+]))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

/// Declares an enumeration as [`words!`] does, and the sets of its variants: bit `n` of a set stands for
/// the variant with number `n`.
macro_rules! sets {
    ($(#[$meta:meta])* $set:ident of $(#[$one_meta:meta])* $name:ident { $($words:tt)+ }) => {
        words! { $(#[$one_meta])* $name { $($words)+ } }

        impl $name {
            /// Its bit in a set.
            #[must_use]
            pub const fn bit(self) -> u32 {
                1 << self as u32
            }
        }

        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $set(pub(crate) u32);

        impl $set {
            /// The empty set.
            pub const NONE: Self = Self(0);

            /// The set of all.
            pub const ALL: Self = Self::of($name::ALL);

            /// The set of these.
            #[must_use]
            pub const fn of(mut all: &[$name]) -> Self {
                let mut set = Self::NONE;
                while let [one, rest @ ..] = all {
                    set = set.with(*one);
                    all = rest;
                }
                set
            }

            /// The set with these bits, as in the ABI; bits that stand for nothing are dropped.
            #[must_use]
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits & Self::ALL.0)
            }

            /// Its bits, as in the ABI.
            #[must_use]
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether nothing is in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether `one` is in it.
            #[must_use]
            pub const fn contains(self, one: $name) -> bool {
                self.0 & one.bit() != 0
            }

            /// The set with `one` added.
            #[must_use]
            pub const fn with(self, one: $name) -> Self {
                Self(self.0 | one.bit())
            }

            /// The set with `one` added where `condition` holds, otherwise the same set.
            #[must_use]
            pub const fn with_if(self, one: $name, condition: bool) -> Self {
                if condition { self.with(one) } else { self }
            }

            /// Everything that is in either set.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Everything that is in both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Everything that is in this set and not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Everything in the set, lowest number first.
            pub fn iter(self) -> impl Iterator<Item = $name> {
                $name::ALL.iter().copied().filter(move |one| self.contains(*one))
            }

            /// The words of everything in the set, lowest number first.
            pub fn words(self) -> impl Iterator<Item = &'static str> {
                self.iter().map($name::word)
            }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(all: I) -> Self {
                all.into_iter().fold(Self::NONE, Self::with)
            }
        }

        impl core::fmt::Debug for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
}

/// Any of the enumerations of words, for code that lists or explains them.
pub trait Word: Copy + 'static {
    /// Every variant, in order of its number.
    const ALL: &'static [Self];

    /// The word used on the command line, in recordings and on the screen.
    fn word(self) -> &'static str;

    /// The variant with this word, if there is one.
    fn from_word(word: &str) -> Option<Self>;

    /// Its meaning: a plain phrase without a capital and without a full stop.
    fn meaning(self) -> &'static str;
}
