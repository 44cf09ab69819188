//! Reads a recording, or a stream of one, batch by batch.

use std::{collections::HashMap, io::Read, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::{
    MessageHeader, MetadataVersion,
    convert::try_fb_to_schema,
    reader::{RecordBatchDecoder, read_dictionary},
};
use arrow_schema::SchemaRef;

use crate::recording::{
    check::is_sound,
    guard::guarded,
    message::{Message, Next, next},
    metadata::Metadata,
};

/// The end of a recording, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Its writer finished it.
    Finished,
    /// Its writer was cut off (killed, out of power), or is still running.
    Cut,
    /// The bytes after the last good batch are not what a recorder writes.
    Damaged,
}

/// Dictionaries by id, in their state at one place of the stream.
pub(super) type Dictionaries = Arc<HashMap<i64, ArrayRef>>;

/// A batch that is read but not decoded yet.
#[derive(Clone, Debug)]
pub(super) struct Undecoded {
    message: Message,
    schema: SchemaRef,
    dictionaries: Dictionaries,
}

impl Undecoded {
    /// Decodes the columns at these positions, or all of them.
    ///
    /// # Errors
    /// Where the batch is damaged.
    pub(super) fn decode(&self, projection: Option<&[usize]>) -> Result<RecordBatch, String> {
        let damaged = |error: &dyn std::fmt::Display| format!("a damaged batch: {error}");
        let message = arrow_ipc::root_as_message(&self.message.description)
            .map_err(|error| damaged(&error))?;
        let batch = message
            .header_as_record_batch()
            .ok_or("not a batch of rows")?;
        if !is_sound(batch, &self.message.content) {
            return Err("a damaged batch".to_owned());
        }
        guarded(|| {
            RecordBatchDecoder::try_new(
                &self.message.content,
                batch,
                Arc::clone(&self.schema),
                &self.dictionaries,
                &MetadataVersion::V5,
            )
            .and_then(|decoder| decoder.with_projection(projection).read_record_batch())
            .map_err(|error| damaged(&error))
        })
    }
}

/// Reads one recording.
#[derive(Debug)]
pub struct Reader<R> {
    stream: R,
    schema: SchemaRef,
    metadata: Metadata,
    dictionaries: Dictionaries,
    ending: Option<Ending>,
}

impl<R: Read> Reader<R> {
    /// Reads the head. `stream` should be buffered.
    ///
    /// # Errors
    /// Where it is not a recording, or one that is too new, or it cannot be read.
    pub fn new(mut stream: R) -> Result<Self, String> {
        const NO_RECORDING: &str = "this is not a recording of dio-trace (no Arrow IPC stream)";
        let message = match next(&mut stream).map_err(|error| error.to_string())? {
            Next::Message(message) => message,
            Next::Cut => return Err("the recording is empty or ends inside its head".to_owned()),
            Next::End | Next::Damaged => return Err(NO_RECORDING.to_owned()),
        };
        let schema = arrow_ipc::root_as_message(&message.description)
            .ok()
            .and_then(|message| message.header_as_schema())
            .ok_or(NO_RECORDING)?;
        let schema = guarded(|| try_fb_to_schema(schema).map_err(|error| error.to_string()))?;
        let metadata = Metadata::from_pairs(&schema.metadata().into())?;
        Ok(Self {
            stream,
            schema: Arc::new(schema),
            metadata,
            dictionaries: Dictionaries::default(),
            ending: None,
        })
    }

    /// Its metadata.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its columns.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Its end; `None` while there may be more.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Reads the next batch of rows; `None` at any kind of end, see [`ending`](Self::ending).
    ///
    /// # Errors
    /// Where the stream cannot be read.
    pub fn next_rows(&mut self) -> Result<Option<RecordBatch>, String> {
        let Some(undecoded) = self.next_undecoded()? else {
            return Ok(None);
        };
        match undecoded.decode(None) {
            Ok(rows) => Ok(Some(rows)),
            Err(_) => Ok(self.end(Ending::Damaged)),
        }
    }

    /// Reads the next batch, for another thread to decode.
    pub(super) fn next_undecoded(&mut self) -> Result<Option<Undecoded>, String> {
        while self.ending.is_none() {
            let message = match next(&mut self.stream).map_err(|error| error.to_string())? {
                Next::Message(message) => message,
                Next::End => return Ok(self.end(Ending::Finished)),
                Next::Cut => return Ok(self.end(Ending::Cut)),
                Next::Damaged => return Ok(self.end(Ending::Damaged)),
            };
            let kind = arrow_ipc::root_as_message(&message.description)
                .map(|message| message.header_type());
            match kind {
                Ok(MessageHeader::RecordBatch) => {
                    return Ok(Some(Undecoded {
                        message,
                        schema: Arc::clone(&self.schema),
                        dictionaries: Arc::clone(&self.dictionaries),
                    }));
                }
                Ok(MessageHeader::DictionaryBatch) if self.learn(&message) => {}
                _ => return Ok(self.end(Ending::Damaged)),
            }
        }
        Ok(None)
    }

    /// Stores a dictionary; false where it is damaged.
    fn learn(&mut self, message: &Message) -> bool {
        let Ok(description) = arrow_ipc::root_as_message(&message.description) else {
            return false;
        };
        let Some(dictionary) = description.header_as_dictionary_batch() else {
            return false;
        };
        if !dictionary
            .data()
            .is_some_and(|data| is_sound(data, &message.content))
        {
            return false;
        }
        let dictionaries = Arc::make_mut(&mut self.dictionaries);
        let version = MetadataVersion::V5;
        guarded(|| {
            let content = &message.content;
            read_dictionary(content, dictionary, &self.schema, dictionaries, &version)
                .map_err(|error| error.to_string())
        })
        .is_ok()
    }

    fn end<T>(&mut self, ending: Ending) -> Option<T> {
        self.ending = Some(ending);
        None
    }
}
