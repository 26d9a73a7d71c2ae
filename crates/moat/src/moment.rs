//! A point in time, as it is given to the mind. The mind has no clock.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970 in UTC. In JSON it is text as in RFC 3339, `2026-03-01T18:00:00Z`, which a Wait state takes
/// as it is and a person can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", description = "A time as in RFC 3339.", extend("format" = "date-time"))]
pub struct Moment(i64);

impl Moment {
    /// The first moment that RFC 3339 can write.
    const FIRST: i64 = -62_167_219_200_000;
    /// The last moment of the year 9999, less the day that a time zone may add.
    const LAST: i64 = 253_402_207_200_000;

    /// What cannot be written in RFC 3339 becomes the first or the last moment that can.
    pub const fn from_millis(millis: i64) -> Self {
        match millis {
            millis if millis < Self::FIRST => Self(Self::FIRST),
            millis if millis > Self::LAST => Self(Self::LAST),
            millis => Self(millis),
        }
    }

    pub fn new(text: &str) -> Result<Self, String> {
        let moment: Result<Timestamp, _> = text.parse();
        let moment = moment.map_err(|_| format!("{text:?} is not a time; write it like 2026-03-01T18:00:00Z"))?;
        Ok(Self::from_millis(moment.as_millisecond()))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this; none when it is the other way round.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0) / 1000).unwrap_or(0)
    }

    /// The same, or the next whole second.
    #[must_use]
    pub const fn up_to_second(self) -> Self {
        match self.0.rem_euclid(1000) {
            0 => self,
            part => Self::from_millis(self.0 + 1000 - part),
        }
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_text_that_a_wait_state_takes() {
        let moment = Moment::from_millis(1_772_388_000_050);
        assert_eq!(moment.to_string(), "2026-03-01T18:00:00.05Z");
        assert_eq!(Moment::new("2026-03-01T19:00:00.050+01:00"), Ok(moment));
        assert_eq!(serde_json::to_value(moment).unwrap(), "2026-03-01T18:00:00.05Z");
        assert!(Moment::new("yesterday").unwrap_err().contains("2026-03-01T18:00:00Z"));
    }

    #[test]
    fn no_number_of_milliseconds_is_too_much() {
        for millis in [i64::MIN, i64::MAX, 0, -1] {
            let moment = Moment::from_millis(millis).plus_seconds(i64::MAX);
            assert_eq!(Moment::new(&moment.to_string()), Ok(moment));
            let moment = Moment::from_millis(millis);
            assert_eq!(Moment::new(&moment.to_string()), Ok(moment));
        }
        assert_eq!(Moment::from_millis(0).seconds_since(Moment::from_millis(5000)), 0);
        assert_eq!(Moment::from_millis(5999).seconds_since(Moment::from_millis(0)), 5);
    }
}
