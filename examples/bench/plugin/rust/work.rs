//! What ../../work does in Go: which number is meant and how many SMS a text
//! becomes. The benchmark compares the answers of both before it measures.

/// Digits of a whole number by E.164, calling code included.
const MIN_DIGITS: usize = 8;
const MAX_DIGITS: usize = 15;

/// A number that takes SMS.
pub struct Phone {
    /// The plus sign and the digits.
    text: [u8; MAX_DIGITS + 1],
    len: usize,
    code: usize,
}

impl Phone {
    /// Reads a number as people write it: digits with spaces, hyphens, dots and
    /// brackets, international with + or 00, or Russian with 8 or without prefix.
    /// Of Russian numbers only mobile ones take SMS.
    pub fn parse(text: &str) -> Option<Phone> {
        let mut digits = [0; MAX_DIGITS + 3]; // room for 00 and the 7, which go and come
        let (mut n, mut plus) = (0, false);
        for &c in text.as_bytes() {
            match c {
                b'0'..=b'9' => {
                    *digits.get_mut(n)? = c;
                    n += 1;
                }
                b'+' if n == 0 && !plus => plus = true,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => return None,
            }
        }
        let (prefix, number): (&[u8], &[u8]) = match &digits[..n] {
            all if plus => (b"", all),
            [b'0', b'0', rest @ ..] if n > 2 => (b"", rest),
            [b'8' | b'7', rest @ ..] if n == 11 => (b"7", rest),
            all @ [b'9', ..] if n == 10 => (b"7", all),
            _ => return None,
        };
        let len = prefix.len() + number.len();
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&len) {
            return None;
        }
        let mut out = [b'+'; MAX_DIGITS + 1];
        out[1..=prefix.len()].copy_from_slice(prefix);
        out[1 + prefix.len()..=len].copy_from_slice(number);
        let (first, second) = (out[1], out[2]);
        let code = calling_code(first, second)?;
        if first == b'7' && (len != 11 || second != b'9') {
            return None;
        }
        Some(Phone { text: out, len: len + 1, code })
    }

    /// With the plus sign.
    pub fn e164(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).unwrap_or_default()
    }

    /// The calling code, without it.
    pub fn country(&self) -> &str {
        &self.e164()[1..=self.code]
    }
}

/// The length of the calling code that begins with these digits (ITU-T E.164 annex
/// of 2016).
fn calling_code(first: u8, second: u8) -> Option<usize> {
    let (two, three): (&[u8], &[u8]) = match first {
        b'1' | b'7' => return Some(1),
        b'2' => (b"07", b"1234569"),
        b'3' => (b"0123469", b"578"),
        b'4' => (b"013456789", b"2"),
        b'5' => (b"12345678", b"09"),
        b'6' => (b"0123456", b"789"),
        b'8' => (b"1246", b"0578"),
        b'9' => (b"0123458", b"679"),
        _ => return None,
    };
    if two.contains(&second) {
        return Some(2);
    }
    three.contains(&second).then_some(3)
}

const GSM7: &str = "gsm7";
const UCS2: &str = "ucs2";

/// The encoding that a text needs and the number of SMS that it becomes. Neither an
/// escape sequence nor a surrogate pair is cut in two (3GPP TS 23.040).
pub fn segments(text: &str) -> (&'static str, u32) {
    let mut parts = Parts::new(160, 153);
    for c in text.chars() {
        match gsm_cost(c) {
            0 => return (UCS2, ucs_segments(text)),
            cost => parts.add(cost),
        }
    }
    (GSM7, parts.count())
}

fn ucs_segments(text: &str) -> u32 {
    let mut parts = Parts::new(70, 67);
    text.chars().for_each(|c| parts.add(c.len_utf16() as u32));
    parts.count()
}

/// Messages being filled: one alone holds more than each part of a longer one.
struct Parts {
    single: u32,
    part: u32,
    units: u32,
    parts: u32,
    room: u32,
}

impl Parts {
    fn new(single: u32, part: u32) -> Parts {
        Parts { single, part, units: 0, parts: 1, room: part }
    }

    fn add(&mut self, cost: u32) {
        self.units += cost;
        if cost > self.room {
            self.parts += 1;
            self.room = self.part;
        }
        self.room -= cost;
    }

    fn count(&self) -> u32 {
        if self.units <= self.single {
            1
        } else {
            self.parts
        }
    }
}

/// Septets of a character in the default alphabet of 3GPP TS 23.038 and its
/// extension, 0 when it is in neither.
fn gsm_cost(c: char) -> u32 {
    match c {
        '\x0c' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => 2,
        '`' => 0,
        ' '..='~' | '\n' | '\r' => 1,
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ'
        | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => 1,
        _ => 0,
    }
}

/// What check counts by: letters outside ASCII as UCS-2, as ../segments.go does.
pub fn plain_segments(text: &str) -> (&'static str, u32) {
    let encoding = if text.is_ascii() { GSM7 } else { UCS2 };
    let units = text.chars().map(|c| c.len_utf16() as u32).sum::<u32>();
    let (single, part) = if encoding == GSM7 { (160, 153) } else { (70, 67) };
    (encoding, if units <= single { 1 } else { (units + part - 1) / part })
}
