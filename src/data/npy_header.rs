//! The header of an NPY file: a Python dictionary with three entries. Read as text; nothing in it is evaluated.

use super::array::{Fault, broken};
use super::cell::shown;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type as it is written; a list is `[…]`.
    pub descr: String,
    /// Where it stands.
    pub descr_at: usize,
    /// Whether the first axis varies fastest.
    pub columns_first: bool,
    /// The sizes of the axes.
    pub shape: Vec<usize>,
    /// Where they stand.
    pub shape_at: usize,
}

/// Reads a header.
pub(super) fn parse(text: &[u8]) -> Result<Header, Fault> {
    let mut reader = Reader { text, at: 0 };
    let (mut descr, mut order, mut shape) = (None, None, None);
    reader.blanks();
    reader.expect(b'{')?;
    while !reader.eat(b'}') {
        let key_at = reader.at;
        let key = reader.quoted("an entry's name")?;
        reader.expect(b':')?;
        let at = reader.at;
        let again = match key.as_str() {
            "descr" => descr.replace((reader.descr()?, at)).is_some(),
            "fortran_order" => order.replace(reader.truth()?).is_some(),
            "shape" => shape.replace((reader.sizes()?, at)).is_some(),
            _ => return broken(key_at, format!("the header has an entry `{}`", shown(&key))),
        };
        if again {
            return broken(key_at, format!("the header has two entries `{key}`"));
        }
        if !reader.eat(b',') {
            reader.expect(b'}')?;
            break;
        }
    }
    if let Some(place) = text[reader.at..].iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
        return broken(reader.at + place, "the header goes on after its closing brace");
    }
    let missing = |name: &str| Fault::Broken(0, format!("the header has no `{name}`"));
    let (descr, descr_at) = descr.ok_or_else(|| missing("descr"))?;
    let columns_first = order.ok_or_else(|| missing("fortran_order"))?;
    let (shape, shape_at) = shape.ok_or_else(|| missing("shape"))?;
    Ok(Header { descr, descr_at, columns_first, shape, shape_at })
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\t')) {
            self.at += 1;
        }
    }

    /// Takes a sign and the blanks after it, if it is the next one.
    fn eat(&mut self, sign: u8) -> bool {
        let there = self.text.get(self.at) == Some(&sign);
        if there {
            self.at += 1;
            self.blanks();
        }
        there
    }

    fn expect(&mut self, sign: u8) -> Result<(), Fault> {
        if self.eat(sign) { Ok(()) } else { self.other(&format!("`{}`", char::from(sign))) }
    }

    fn other<T>(&self, expected: &str) -> Result<T, Fault> {
        let found = match self.text.get(self.at) {
            Some(byte @ b' '..=b'~') => format!("`{}`", char::from(*byte)),
            Some(byte) => format!("the byte 0x{byte:02X}"),
            None => "its end".to_string(),
        };
        broken(self.at, format!("the header has {found} where {expected} is expected"))
    }

    fn quoted(&mut self, what: &str) -> Result<String, Fault> {
        let Some(quote @ (b'\'' | b'"')) = self.text.get(self.at).copied() else {
            return self.other(&format!("{what} in quotes"));
        };
        let start = self.at + 1;
        let plain = |byte: &u8| *byte == quote || *byte == b'\\';
        let end = match self.text[start..].iter().position(plain) {
            Some(length) if self.text[start + length] == quote => start + length,
            Some(length) => return broken(start + length, "a backslash in a text of the header"),
            None => return broken(self.at, "a text of the header is not closed"),
        };
        let Ok(text) = std::str::from_utf8(&self.text[start..end]) else {
            return broken(start, "a text of the header is not UTF-8");
        };
        self.at = end + 1;
        self.blanks();
        Ok(text.to_string())
    }

    /// The type. A list of fields is a type of records, which is all that has to be known of it.
    fn descr(&mut self) -> Result<String, Fault> {
        if self.text.get(self.at) == Some(&b'[') {
            return Err(Fault::NoNumbers(format!("records of several fields, by byte {} of its header", self.at)));
        }
        self.quoted("a type")
    }

    fn truth(&mut self) -> Result<bool, Fault> {
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                self.blanks();
                return Ok(value);
            }
        }
        self.other("`True` or `False`")
    }

    /// `()`, `(3,)`, `(2, 3)`, `(2, 3,)`.
    fn sizes(&mut self) -> Result<Vec<usize>, Fault> {
        self.expect(b'(')?;
        let mut sizes = Vec::new();
        let mut comma = true;
        while !self.eat(b')') {
            if !comma {
                return self.other("`,` or `)`");
            }
            sizes.push(self.size()?);
            comma = self.eat(b',');
        }
        if sizes.len() == 1 && !comma {
            return broken(self.at, "the shape is a number in parentheses, not a tuple");
        }
        Ok(sizes)
    }

    fn size(&mut self) -> Result<usize, Fault> {
        let start = self.at;
        let digits = self.text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return self.other("the size of an axis");
        }
        self.at += digits;
        let digits = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        let Ok(size) = digits.parse() else {
            return broken(start, "the size of an axis is larger than any memory");
        };
        self.blanks();
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_they_are_written() {
        let cases: [(&str, &str, bool, &[usize]); 5] = [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }   \n", "<f8", false, &[2, 3]),
            ("{\"shape\":(),\"fortran_order\":True,\"descr\":\"|u1\"}", "|u1", true, &[]),
            ("{'descr': '>i4', 'fortran_order': False, 'shape': (7,)}\n", ">i4", false, &[7]),
            (" {'shape': (1, 2,), 'descr': 'x', 'fortran_order': False}", "x", false, &[1, 2]),
            ("{'shape': (0, 18446744073709551615), 'descr': '', 'fortran_order': False}", "", false, &[0, usize::MAX]),
        ];
        for (text, descr, columns_first, shape) in cases {
            let header = parse(text.as_bytes()).unwrap();
            assert_eq!((header.descr.as_str(), header.columns_first, &header.shape[..]), (descr, columns_first, shape));
        }
    }

    #[test]
    fn other_headers_are_refused_at_their_place() {
        let cases: [(&str, usize); 17] = [
            ("", 0),
            ("[]", 0),
            ("{}", 0),
            ("{'descr': '<f8', 'shape': (2,)}", 0),
            ("{'descr': '<f8', 'descr': '<f8'}", 17),
            ("{'shape': (2)}", 13),
            ("{'shape': (2 3)}", 13),
            ("{'shape': (-1,)}", 11),
            ("{'shape': (2L,)}", 12),
            ("{'shape': (99999999999999999999,)}", 11),
            ("{'shape': ((((", 11),
            ("{'shape': (__import__('os'),)}", 11),
            ("{'fortran_order': 0}", 18),
            ("{'descr': '<f8}", 10),
            ("{'descr': '\\x3c'}", 11),
            ("{'other': 1}", 1),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': ()} x", 54),
        ];
        for (text, place) in cases {
            match parse(text.as_bytes()) {
                Err(Fault::Broken(at, _)) => assert_eq!(at, place, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
