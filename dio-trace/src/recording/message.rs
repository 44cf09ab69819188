//! Splits an Arrow IPC stream into messages without decoding them, so that any thread can decode
//! one.
//!
//! arrow-ipc's own readers decode on the thread that reads, and do not say where the last whole message
//! of a cut file ends.
//!
//! Format: <https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format>

use std::io::{self, ErrorKind, Read};

use arrow_buffer::Buffer;

const CONTINUATION: [u8; 4] = [0xff; 4];
/// Longest description of a message that is accepted, bytes: far more than any schema needs.
const MAX_DESCRIPTION: usize = 16 << 20;
/// Longest content of a message that is accepted, bytes: a batch has a few thousand rows.
const MAX_CONTENT: usize = 1 << 30;

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Its flatbuffer, which describes the content.
    pub(super) description: Vec<u8>,
    /// The bytes that follow the description.
    pub(super) content: Buffer,
}

/// The next part of a stream.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// A whole message.
    Message(Message),
    /// The end that a writer puts when it has finished.
    End,
    /// No more bytes, or too few for a message: the writer was cut off.
    Cut,
    /// Bytes that are not a message.
    Damaged,
}

/// Reads the next message.
///
/// # Errors
/// Where the stream cannot be read.
pub(super) fn next(stream: &mut impl Read) -> io::Result<Next> {
    let mut word = [0; 4];
    for continuation in [true, false] {
        if !fill(stream, &mut word)? {
            return Ok(Next::Cut);
        }
        if continuation && word != CONTINUATION {
            return Ok(Next::Damaged);
        }
    }
    let length = u32::from_le_bytes(word) as usize;
    if length == 0 {
        return Ok(Next::End);
    }
    if length > MAX_DESCRIPTION {
        return Ok(Next::Damaged);
    }
    let Some(description) = read(stream, length)? else {
        return Ok(Next::Cut);
    };
    let content_length = match arrow_ipc::root_as_message(&description) {
        Ok(message) => usize::try_from(message.bodyLength()).unwrap_or(usize::MAX),
        Err(_) => return Ok(Next::Damaged),
    };
    if content_length > MAX_CONTENT {
        return Ok(Next::Damaged);
    }
    let Some(content) = read(stream, content_length)? else {
        return Ok(Next::Cut);
    };
    Ok(Next::Message(Message {
        description,
        content: Buffer::from_vec(content),
    }))
}

/// Reads exactly `length` bytes; `None` where the stream ends before.
fn read(stream: &mut impl Read, length: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream
        .by_ref()
        .take(length as u64)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() == length).then_some(bytes))
}

/// Fills `bytes`; false where the stream ends before.
fn fill(stream: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match stream.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
