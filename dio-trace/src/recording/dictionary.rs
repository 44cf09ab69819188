//! Dictionaries: text that repeats is stored once, with a number for each row.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Int8Array, Int32Array, ListArray, StringArray,
    cast::AsArray,
    types::{Int8Type, Int32Type},
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};

use crate::{hash::Map, model::Word, recording::schema::item_field};

/// Number of texts kept from batch to batch. The dictionary is written again for each new text, so
/// a large one costs more than it saves: beyond this size it starts again from empty.
const CAPACITY: usize = 1024;

/// A growing set of texts. arrow's own builder hashes every text; here a row that repeats the text of
/// the one before is recognised by its address.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    numbers: Map<Arc<str>, i32>,
    texts: Vec<Arc<str>>,
    /// The last text that was looked up: most rows repeat it.
    last: Option<(Arc<str>, i32)>,
    array: Option<ArrayRef>,
}

impl Dictionary {
    /// Prepares for a batch: drops all texts if there are too many.
    fn start(&mut self) {
        if self.texts.len() > CAPACITY {
            *self = Self::default();
        }
    }

    fn number(&mut self, text: &Arc<str>) -> i32 {
        if let Some((last, number)) = &self.last
            && Arc::ptr_eq(last, text)
        {
            return *number;
        }
        let known = self.numbers.get(text).copied();
        let number = known.unwrap_or_else(|| self.learn(text));
        self.last = Some((Arc::clone(text), number));
        number
    }

    fn learn(&mut self, text: &Arc<str>) -> i32 {
        let number = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
        self.texts.push(Arc::clone(text));
        self.numbers.insert(Arc::clone(text), number);
        self.array = None;
        number
    }

    /// The texts as an array. It is the same array as before if no text is new, and the writer then
    /// does not write it again.
    fn values(&mut self) -> ArrayRef {
        let texts = &self.texts;
        let array = self.array.get_or_insert_with(|| {
            Arc::new(StringArray::from_iter_values(
                texts.iter().map(|text| &**text),
            ))
        });
        Arc::clone(array)
    }

    /// A column of texts.
    pub(super) fn column<'a>(
        &mut self,
        texts: impl Iterator<Item = Option<&'a Arc<str>>>,
    ) -> Result<ArrayRef, ArrowError> {
        self.start();
        let keys: Int32Array = texts
            .map(|text| text.map(|text| self.number(text)))
            .collect();
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
            keys,
            self.values(),
        )?))
    }

    /// A column of lists of texts.
    pub(super) fn lists<'a>(
        &mut self,
        lists: impl Iterator<Item = Option<&'a Vec<Arc<str>>>>,
    ) -> Result<ArrayRef, ArrowError> {
        self.start();
        let mut keys = Vec::new();
        let (lengths, valid): (Vec<usize>, Vec<bool>) = lists
            .map(|list| {
                let texts = list.map_or(&[][..], Vec::as_slice);
                keys.extend(texts.iter().map(|text| self.number(text)));
                (texts.len(), list.is_some())
            })
            .unzip();
        let items = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), self.values())?;
        list_array(DataType::Int32, Arc::new(items), lengths, valid.into())
    }
}

/// A fixed set of words, which is written once.
#[derive(Debug)]
pub(super) struct Words(ArrayRef);

impl Words {
    /// The words of one enumeration.
    pub(super) fn of<W: Word>() -> Self {
        let words = W::ALL.iter().map(|one| one.word());
        Self(Arc::new(StringArray::from_iter_values(words)))
    }

    /// A column of words, given as an array of their positions (bytes).
    pub(super) fn column(&self, positions: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(DictionaryArray::<Int8Type>::try_new(
            positions.as_primitive().clone(),
            Arc::clone(&self.0),
        )?))
    }

    /// A column of sets of words, given as bits: the lowest bit is the first word. Rows that are
    /// not in `valid` are null.
    pub(super) fn sets(
        &self,
        sets: impl Iterator<Item = u32>,
        valid: &NullBuffer,
    ) -> Result<ArrayRef, ArrowError> {
        let mut keys: Vec<i8> = Vec::with_capacity(sets.size_hint().0);
        let lengths: Vec<usize> = sets
            .map(|mut bits| {
                let before = keys.len();
                while bits != 0 {
                    keys.push(bits.trailing_zeros() as i8);
                    bits &= bits - 1;
                }
                keys.len() - before
            })
            .collect();
        let items =
            DictionaryArray::<Int8Type>::try_new(Int8Array::from(keys), Arc::clone(&self.0))?;
        list_array(DataType::Int8, Arc::new(items), lengths, valid.clone())
    }
}

fn list_array(
    key: DataType,
    items: ArrayRef,
    lengths: Vec<usize>,
    valid: NullBuffer,
) -> Result<ArrayRef, ArrowError> {
    let item = DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(
        item_field(item),
        offsets,
        items,
        Some(valid),
    )?))
}
