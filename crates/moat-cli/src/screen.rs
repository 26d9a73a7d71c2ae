//! Progress on stderr: live lines side by side on a terminal, timestamped lines everywhere else.

use crate::follow::{News, Pause, Status};
use crate::paint::{self, Paint};
use crate::render;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Plain output is never silent for longer than this.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Or than this, while it waits for a time or for a person.
const SLOW_HEARTBEAT: Duration = Duration::from_secs(60);

pub struct Screen {
    paint: Paint,
    /// Seconds since 1970; elapsed times count from here.
    begun: f64,
    quiet_since: Instant,
    live: Option<Live>,
}

struct Live {
    lines: MultiProgress,
    bars: Vec<ProgressBar>,
}

/// A lane as the screen shows it.
pub struct Shown {
    pub label: String,
    pub status: Status,
    pub is_over: bool,
}

impl Screen {
    /// `begun` is when the execution started, in seconds since 1970.
    pub fn new(begun: f64) -> Self {
        let stderr = std::io::stderr();
        let live =
            (stderr.is_terminal() && !paint::is_dumb()).then(|| Live { lines: MultiProgress::new(), bars: Vec::new() });
        Self { paint: Paint::of(&stderr), begun, quiet_since: Instant::now(), live }
    }

    /// One line that stays.
    pub fn tell(&mut self, at: f64, label: &str, news: &News) {
        // Live lines show it already.
        if self.live.is_some() && matches!(news, News::Begun { .. }) {
            return;
        }
        if let Some(line) = render::news(news, self.paint) {
            self.line(at, label, &line);
        }
    }

    /// A remark of our own among the news.
    pub fn remark(&mut self, at: f64, text: &str) {
        let text = self.paint.yellow(text);
        self.line(at, "", &text);
    }

    fn line(&mut self, at: f64, label: &str, text: &str) {
        self.quiet_since = Instant::now();
        let elapsed = self.paint.dim(format!("{:>7}", render::clock(at - self.begun)));
        let label = self.paint.cyan(format!("{label:<10}"));
        match &self.live {
            // Nobody can be told that the terminal is gone.
            Some(live) => drop(live.lines.println(format!("{elapsed}  {label} {text}"))),
            None => eprintln!("{}{elapsed}  {label} {text}", time_of_day(at)),
        }
    }

    /// Brings the live lines up to `now`; on plain output breaks a long silence.
    pub fn show(&mut self, lanes: &[Shown], now: f64) {
        let Some(live) = &mut self.live else { return self.heartbeat(lanes, now) };
        for (at, lane) in lanes.iter().enumerate() {
            if live.bars.len() <= at {
                live.bars.push(spinner(&live.lines));
            }
            let bar = &live.bars[at];
            match lane.is_over {
                true if !bar.is_finished() => bar.finish_and_clear(),
                true => {}
                false => bar.set_message(format!(
                    "{} {}",
                    self.paint.cyan(format!("{:<10}", lane.label)),
                    lane.status.line(now)
                )),
            }
        }
    }

    fn heartbeat(&mut self, lanes: &[Shown], now: f64) {
        let is_long = lanes.iter().any(|lane| lane.status.pause.as_ref().is_some_and(Pause::is_long));
        if self.quiet_since.elapsed() < if is_long { SLOW_HEARTBEAT } else { HEARTBEAT } {
            return;
        }
        let running: Vec<&Shown> = lanes.iter().filter(|lane| !lane.is_over).collect();
        // What the first lane waits for is told by its children, when there are any.
        let told = if running.len() > 1 { &running[1..] } else { &running[..] };
        for lane in told {
            self.line(now, &lane.label, &format!("still {}", lane.status.line(now)));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            live.bars.iter().filter(|bar| !bar.is_finished()).for_each(ProgressBar::finish_and_clear);
        }
    }
}

fn spinner(lines: &MultiProgress) -> ProgressBar {
    let bar = lines.add(ProgressBar::new_spinner());
    // The template is a constant; were it wrong, the default one would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>5}  {wide_msg}") {
        bar.set_style(style.tick_chars("|/-\\ "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// `22:15:03Z`
fn time_of_day(at: f64) -> String {
    let of_day = (at.max(0.0) as u64) % 86_400;
    format!("{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}
