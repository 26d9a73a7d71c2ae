//! Colour, only where a person sees it.

use std::fmt::Display;
use std::io::IsTerminal;

/// Adds ANSI colours, or nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub is_on: bool,
}

impl Paint {
    /// For tests.
    #[cfg(test)]
    pub const OFF: Self = Self { is_on: false };

    /// On for a terminal that knows colours, unless `NO_COLOR` is set (<https://no-color.org>).
    pub fn of(stream: &impl IsTerminal) -> Self {
        let refuses = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_on: stream.is_terminal() && !refuses && !is_dumb() }
    }

    pub fn bold(self, text: impl Display) -> String {
        self.wrap("1", text)
    }

    pub fn dim(self, text: impl Display) -> String {
        self.wrap("2", text)
    }

    pub fn red(self, text: impl Display) -> String {
        self.wrap("31", text)
    }

    pub fn green(self, text: impl Display) -> String {
        self.wrap("32", text)
    }

    pub fn yellow(self, text: impl Display) -> String {
        self.wrap("33", text)
    }

    pub fn cyan(self, text: impl Display) -> String {
        self.wrap("36", text)
    }

    fn wrap(self, code: &str, text: impl Display) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// Whether the terminal cannot move its cursor.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}
