//! Records of TensorBoard's event files as bytes: numbers, histograms and texts over epochs.
//!
//! A record is the length of an event, eight bytes, its checksum, the event, and its checksum. An event is a protobuf
//! message: `Event` of `event.proto`, with a `Summary` of `summary.proto`; field numbers here are theirs.

mod checksum;
mod histogram;
mod protobuf;

use checksum::masked;
use protobuf::Message;

/// `DT_STRING` of `types.proto`.
const STRINGS: u64 = 7;

/// Writes records that stand at one moment and one epoch.
#[derive(Clone, Copy)]
pub struct At {
    /// Seconds since 1970.
    pub time: f64,
    /// The epoch.
    pub epoch: u64,
}

impl At {
    /// The first record of a file.
    pub fn version(self) -> Vec<u8> {
        record(self.event().text(3, "brain.Event:2"))
    }

    /// A number. Readers keep it in single precision.
    pub fn scalar(self, tag: &str, value: f64) -> Vec<u8> {
        self.summary(Message::default().text(1, tag).float(2, value as f32))
    }

    /// The distribution of values, of those that are finite.
    pub fn histogram(self, tag: &str, values: &[f64]) -> Vec<u8> {
        self.summary(Message::default().text(1, tag).message(5, histogram::message(values)))
    }

    /// A text in Markdown.
    pub fn text(self, tag: &str, text: &str) -> Vec<u8> {
        let plugin = Message::default().text(1, "text");
        let one = Message::default().message(2, Message::default().integer(1, 1));
        let tensor = Message::default().integer(1, STRINGS).message(2, one).text(8, text);
        let metadata = Message::default().message(1, plugin);
        self.summary(Message::default().text(1, tag).message(8, tensor).message(9, metadata))
    }

    fn event(self) -> Message {
        Message::default().double(1, self.time).integer(2, self.epoch)
    }

    fn summary(self, value: Message) -> Vec<u8> {
        record(self.event().message(5, Message::default().message(1, value)))
    }
}

fn record(event: Message) -> Vec<u8> {
    let event = event.into_bytes();
    let length = (event.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(event.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(&event);
    record.extend(masked(&event).to_le_bytes());
    record
}
