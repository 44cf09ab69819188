//! Output of a guest: one virtio-serial port for each stream, each a socket that QEMU connects to.

use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// A port that is not yet connected.
pub(crate) struct Port {
    /// Its name in the guest: `/dev/virtio-ports/NAME`.
    pub(crate) name: &'static str,
    /// Socket that QEMU connects to.
    pub(crate) path: PathBuf,
    listener: UnixListener,
}

impl Port {
    /// # Errors
    /// When the directory is not writable, or its name too long for a socket.
    pub(crate) fn open(name: &'static str, directory: &Path) -> Result<Self> {
        let path = directory.join(name);
        let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            name,
            path,
            listener,
        })
    }

    /// The connection, once QEMU has made it.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn connected(&self) -> Result<Option<UnixStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                Ok(Some(stream))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error).with_context(|| self.path.display().to_string()),
        }
    }
}

/// Passes bytes on as they arrive, until the guest ends.
///
/// # Errors
/// When `output` cannot be written; `broken` is then set while the guest still runs.
pub(crate) fn copy(input: impl Read, output: impl Write, broken: &AtomicBool) -> io::Result<()> {
    let result = pass(input, output);
    if result.is_err() {
        broken.store(true, Ordering::Relaxed);
    }
    result
}

fn pass(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                output.write_all(&buffer[..length])?;
                output.flush()?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A killed QEMU resets its sockets.
            Err(_) => return Ok(()),
        }
    }
}
