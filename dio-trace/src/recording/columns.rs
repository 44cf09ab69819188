//! Typed access to the columns of one batch of rows.
//!
//! A missing column reads as null everywhere: an older version wrote the recording, or the column
//! was not asked for.

use std::{ops::Range, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampNanosecondArray, UInt32Array, UInt64Array,
    cast::AsArray,
    types::{Int8Type, Int32Type},
};

use crate::model::Segment;

/// The message about a batch whose columns are not those of a recording.
pub(super) fn wrong_type(name: &str) -> String {
    format!("column {name} has an unexpected type: this is not a recording of dio-trace")
}

/// The columns of one batch, found by name.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a>(&'a RecordBatch);

/// The texts of a column: a number for each row, and the text that each number stands for.
#[derive(Clone, Debug)]
pub struct TextColumn {
    keys: Vec<Option<u32>>,
    /// The texts; some may not occur.
    pub values: StringArray,
}

impl TextColumn {
    /// Position of a row's text in `values`.
    #[must_use]
    pub fn key(&self, row: usize) -> Option<usize> {
        self.keys
            .get(row)
            .copied()
            .flatten()
            .map(|key| key as usize)
    }

    /// A row's text.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.key(row).map(|key| self.values.value(key))
    }
}

/// The lists of texts of a column: numbers for each row, and the text that each number stands for.
#[derive(Clone, Debug)]
pub struct TextLists {
    ranges: Vec<Option<Range<usize>>>,
    keys: Vec<Option<u32>>,
    texts: Vec<Arc<str>>,
}

impl TextLists {
    /// The numbers of a row's texts. Equal texts have equal numbers, because each occurs once in a
    /// dictionary.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&[Option<u32>]> {
        self.keys.get(self.ranges.get(row)?.clone()?)
    }

    /// The text that a number stands for.
    #[must_use]
    pub fn texts(&self, keys: &[Option<u32>]) -> Vec<Arc<str>> {
        keys.iter()
            .flatten()
            .filter_map(|key| self.texts.get(*key as usize).cloned())
            .collect()
    }
}

/// Sets of words of a column, as bits.
pub type Sets = Vec<Option<u32>>;

impl<'a> Columns<'a> {
    /// The columns of `batch`.
    #[must_use]
    pub const fn of(batch: &'a RecordBatch) -> Self {
        Self(batch)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(self) -> usize {
        self.0.num_rows()
    }

    fn array(self, name: &str) -> Option<&'a ArrayRef> {
        self.0.column_by_name(name)
    }

    fn typed<T: Array + Clone + 'static>(self, name: &str) -> Result<Option<T>, String> {
        self.array(name)
            .map(|array| {
                array
                    .as_any()
                    .downcast_ref::<T>()
                    .cloned()
                    .ok_or_else(|| wrong_type(name))
            })
            .transpose()
    }

    /// An unsigned column of 32 bits.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn u32s(self, name: &str) -> Result<UInt32Array, String> {
        Ok(self
            .typed(name)?
            .unwrap_or_else(|| UInt32Array::new_null(self.rows())))
    }

    /// An unsigned column of 64 bits.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn u64s(self, name: &str) -> Result<UInt64Array, String> {
        Ok(self
            .typed(name)?
            .unwrap_or_else(|| UInt64Array::new_null(self.rows())))
    }

    /// A signed column of 64 bits.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn i64s(self, name: &str) -> Result<Int64Array, String> {
        Ok(self
            .typed(name)?
            .unwrap_or_else(|| Int64Array::new_null(self.rows())))
    }

    /// Nanoseconds since 1970.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn times(self, name: &str) -> Result<TimestampNanosecondArray, String> {
        Ok(self
            .typed(name)?
            .unwrap_or_else(|| TimestampNanosecondArray::new_null(self.rows())))
    }

    /// A column of texts, stored in any way.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn texts(self, name: &str) -> Result<TextColumn, String> {
        let Some(array) = self.array(name) else {
            let values = StringArray::from_iter_values(std::iter::empty::<&str>());
            return Ok(TextColumn {
                keys: vec![None; self.rows()],
                values,
            });
        };
        let (keys, values) = text_parts(array).ok_or_else(|| wrong_type(name))?;
        Ok(TextColumn { keys, values })
    }

    /// A column with one word of a fixed set in each row; `None` also for other words.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn words<T: Copy>(
        self,
        name: &str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Option<T>>, String> {
        let column = self.texts(name)?;
        let known: Vec<Option<T>> = column
            .values
            .iter()
            .map(|word| word.and_then(&from_word))
            .collect();
        Ok((0..self.rows())
            .map(|row| {
                column
                    .key(row)
                    .and_then(|key| known.get(key).copied().flatten())
            })
            .collect())
    }

    /// A column of sets of words, as bits. Words that `bit` does not know are left out.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn sets(self, name: &str, bit: impl Fn(&str) -> Option<u32>) -> Result<Sets, String> {
        let Some(list) = self.typed::<ListArray>(name)? else {
            return Ok(vec![None; self.rows()]);
        };
        let (keys, values) = text_parts(list.values()).ok_or_else(|| wrong_type(name))?;
        let bits: Vec<u32> = values
            .iter()
            .map(|word| word.and_then(&bit).unwrap_or(0))
            .collect();
        let bits_of = |key: &Option<u32>| {
            key.and_then(|key| bits.get(key as usize).copied())
                .unwrap_or(0)
        };
        Ok(ranges(&list)
            .map(|range| {
                Some(
                    keys.get(range?)?
                        .iter()
                        .fold(0, |set, key| set | bits_of(key)),
                )
            })
            .collect())
    }

    /// A column of lists of texts; `None` in rows without a list.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn text_lists(self, name: &str) -> Result<Option<TextLists>, String> {
        let Some(list) = self.typed::<ListArray>(name)? else {
            return Ok(None);
        };
        if list.null_count() == list.len() {
            return Ok(None);
        }
        let (keys, values) = text_parts(list.values()).ok_or_else(|| wrong_type(name))?;
        let texts = values.iter().map(|text| text.unwrap_or("").into());
        Ok(Some(TextLists {
            ranges: ranges(&list).collect(),
            keys,
            texts: texts.collect(),
        }))
    }

    /// A column of lists of segments.
    ///
    /// # Errors
    /// Where the column has another type.
    pub fn segments(self, name: &str) -> Result<Vec<Option<Vec<Segment>>>, String> {
        let Some(list) = self.typed::<ListArray>(name)? else {
            return Ok(vec![None; self.rows()]);
        };
        let items = list.values().as_any().downcast_ref::<StructArray>();
        let column = |field| {
            let array: &ArrayRef = items?.column_by_name(field)?;
            array.as_any().downcast_ref::<UInt64Array>().cloned()
        };
        let (addresses, lengths) = column("address")
            .zip(column("length"))
            .ok_or_else(|| wrong_type(name))?;
        Ok(ranges(&list)
            .map(|range| {
                let segment = |row| Segment {
                    address: addresses.value(row),
                    length: lengths.value(row),
                };
                Some(range?.map(segment).collect())
            })
            .collect())
    }
}

/// The range of each row's elements; `None` for null.
fn ranges(list: &ListArray) -> impl Iterator<Item = Option<Range<usize>>> + '_ {
    let offsets = list.value_offsets();
    (0..list.len()).map(move |row| {
        (!list.is_null(row)).then(|| offsets[row] as usize..offsets[row + 1] as usize)
    })
}

/// A number for each row, and the texts that they stand for, from a dictionary or from plain texts.
fn text_parts(array: &ArrayRef) -> Option<(Vec<Option<u32>>, StringArray)> {
    fn key(key: Option<impl TryInto<u32>>) -> Option<u32> {
        key.and_then(|key| key.try_into().ok())
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int8Type>() {
        let keys = dictionary.keys().iter().map(key).collect();
        return Some((keys, dictionary.values().as_string_opt::<i32>()?.clone()));
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        let keys = dictionary.keys().iter().map(key).collect();
        return Some((keys, dictionary.values().as_string_opt::<i32>()?.clone()));
    }
    let plain = array.as_string_opt::<i32>()?;
    let keys = (0..plain.len())
        .map(|row| key((!plain.is_null(row)).then_some(row)))
        .collect();
    Some((keys, plain.clone()))
}
