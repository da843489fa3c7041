//! The two types of templates, text and HTML: how values are written, and what may be used.

use std::fmt::{self, Write as _};
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::filters::{self, Refusal};
use crate::task::Limits;

/// Templates that write text: nothing is escaped.
pub(super) fn for_text() -> Environment<'static> {
    let mut environment = bare();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| {
        printable(value)?;
        let mut bounded = Bounded { out, left: Limits::MESSAGE_BYTES };
        write!(bounded, "{value}").map_err(Error::from)
    });
    environment
}

/// Templates that write HTML: every value is escaped by the formatter, so that neither a name of
/// a file nor a block of a template can switch it off. The filter `safe` does not exist; texts
/// that the engine knows to be escaped already (a `set` block, the filter `escape`) are not
/// escaped twice.
pub(super) fn for_html() -> Environment<'static> {
    let mut environment = bare();
    environment.remove_filter("safe");
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| {
        printable(value)?;
        let mut bounded = Bounded { out, left: Limits::MESSAGE_BYTES };
        if value.is_safe() {
            return write!(bounded, "{value}").map_err(Error::from);
        }
        write!(Escaped(bounded), "{value}").map_err(Error::from)
    });
    environment
}

fn bare() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(Limits::TEMPLATE_FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    // It would write everything there is, the person included.
    environment.remove_global("debug");
    filters::add(&mut environment);
    environment
}

/// Refuses what would stand in a message as "none" or as nothing.
fn printable(value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => Err(Refusal("there is no value; ask with if, or use or").into()),
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Invalid => Err(Error::from(ErrorKind::InvalidOperation)),
        _ => Ok(()),
    }
}

/// Writes one value as long as it is no longer than a message may be. Lists that hold one list
/// many times are short to make and endless to write.
struct Bounded<'a, 'b> {
    out: &'a mut Output<'b>,
    left: usize,
}

impl fmt::Write for Bounded<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        self.out.write_str(text)
    }
}

/// Writes text as HTML (HTML Living Standard, section 13.3, attribute mode, and `'` with it).
struct Escaped<W>(W);

impl<W: fmt::Write> fmt::Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.0.write_str(&rest[..at])?;
            self.0.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
    }
}

/// Keeps what is written up to a number of bytes; one byte more is an error.
#[derive(Debug)]
pub(super) struct Capped {
    pub(super) bytes: Vec<u8>,
    pub(super) left: usize,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn ten_times_the_data_costs_at_most_twelve_times_the_fuel() {
        let fuel = |template: &str, count: usize| {
            let mut environment = for_html();
            environment.set_fuel(Some(u64::MAX / 1_000));
            environment.add_template("t", template).unwrap();
            let list = vec!["<some words>"; count];
            let data = context! { data => context! { list, text => "<é>".repeat(count) } };
            let rendered = environment.get_template("t").unwrap().render_captured(data).unwrap();
            rendered.state().fuel_levels().unwrap().0
        };
        for template in [
            "{{ data.text }}",
            "{{ data.text|upper|trim|replace('é', 'e') }}",
            "{{ data.list|join(', ') }}",
            "{{ data.list }}",
            "{% for word in data.list %}{{ loop.index }} {{ word|e }}{% endfor %}",
            "{% for word in data.list|reverse|list %}{% if word in 'abc' %}x{% endif %}{% endfor %}",
            "{% set text %}{{ data.text }}{{ data.list|first }}{% endset %}{{ text }}",
        ] {
            let (small, large) = (fuel(template, 1_000), fuel(template, 10_000));
            assert!(large <= small * 12, "{template}: {small} grew to {large}");
            assert!(large > small * 5, "{template}: {small} and {large} measure nothing");
        }
    }

    #[test]
    fn what_is_written_stops_at_the_cap() {
        let mut capped = Capped { bytes: Vec::new(), left: 4 };
        assert!(io::Write::write_all(&mut capped, b"abc").is_ok());
        assert!(io::Write::write_all(&mut capped, b"de").is_err());
        assert!(io::Write::write_all(&mut capped, b"d").is_ok());
        assert_eq!((capped.bytes.as_slice(), capped.left), (b"abcd".as_slice(), 0));
    }
}
