//! Windows of time in which no rollout begins by itself.

use crate::moment::Moment;
use crate::spec::Freeze;

/// When the freeze that is on at `now` is over; `None` when there is none. Windows that touch are one.
pub fn ends(_windows: &[Freeze], _now: Moment) -> Option<Moment> {
    todo!()
}

/// What is wrong with the cron expression.
pub fn cron_objection(_cron: &str) -> Option<String> {
    todo!()
}

/// What is wrong with the name of a time zone.
pub fn zone_objection(_name: &str) -> Option<String> {
    todo!()
}
