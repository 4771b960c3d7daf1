//! Messages as lines: JSON text has no line break of its own.

use std::io::{Error, ErrorKind, Result};

use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;

/// The longest line in bytes. It only keeps what is no message from filling the memory.
const LONGEST: u64 = 1 << 30;

/// Reads a line into `line`; false at the end, where what was cut off does not count.
pub(crate) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> Result<bool> {
    line.clear();
    let length = (&mut *reader).take(LONGEST).read_until(b'\n', line).await?;
    match line.last() {
        Some(b'\n') => Ok(true),
        _ if length as u64 == LONGEST => {
            Err(Error::new(ErrorKind::InvalidData, "a line is longer than any message"))
        }
        _ => Ok(false),
    }
}

/// Writes every message, each at once, until nobody can send another.
pub(crate) async fn write(
    mut messages: UnboundedReceiver<impl Serialize>,
    mut writer: impl AsyncWrite + Unpin,
) -> Result<()> {
    while let Some(message) = messages.recv().await {
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        writer.write_all(&line).await?;
        writer.flush().await?;
    }
    Ok(())
}

/// The start of a line, for a person.
pub(crate) fn excerpt(line: &[u8]) -> String {
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]);
    let dots = if line.len() > SHOWN { " ..." } else { "" };
    format!("{}{dots}", text.trim_end().escape_debug())
}
