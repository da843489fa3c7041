//! From content lines to components and their properties.
//!
//! A line's name, parameters and value are split by the `ical-rs` parser. Which component a
//! line belongs to is decided here, without recursion and with an eye for ends that are missing.

use ical::tree::{line::IcalLine, value::node::IcalValueNode};

use super::problem::{PROBLEMS_MAX, shown};

/// How deep components may lie in each other. Real files need four levels.
const DEPTH_MAX: usize = 16;

/// One property of a component.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    /// In upper case.
    pub(crate) name: String,
    /// Names in upper case, values without their quotes.
    params: Vec<(String, String)>,
    /// As written, still escaped.
    pub(crate) value: String,
}

impl Property {
    /// The value of a parameter, if it is there and not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value as text, its escapes resolved (RFC 5545 section 3.3.11).
    pub(crate) fn text(&self) -> String {
        IcalValueNode::parse(self.value.as_bytes()).decode().into_owned()
    }

    fn parse(line: &str) -> Option<Self> {
        let (line, _) = IcalLine::take(line.as_bytes()).ok()?;
        let params = line.params.iter().map(|param| {
            let values: Vec<&str> = param.values.iter().map(|value| value.get()).collect();
            let value = values.join(",");
            (upper(param.name.get()), value.trim().trim_matches('"').trim().to_owned())
        });
        let mut property = Self {
            name: upper(line.name.get()),
            params: params.collect(),
            value: line.raw_value_str().trim().to_owned(),
        };
        property.mend_zone();
        Some(property)
    }

    /// Puts back together a `TZID` with a colon that should have been in quotes, as in
    /// `DTSTART;TZID=(UTC+01:00) Berlin:20260714T183000`.
    fn mend_zone(&mut self) {
        let Some((key, zone)) = self.params.last_mut() else {
            return;
        };
        let Some((rest, value)) = self.value.rsplit_once(':') else {
            return;
        };
        let date = value.as_bytes().get(..8);
        if key == "TZID" && date.is_some_and(|date| date.iter().all(u8::is_ascii_digit)) {
            zone.push(':');
            zone.push_str(rest);
            self.value = value.to_owned();
        }
    }
}

/// One component, with the number of the one in which it lies.
#[derive(Debug)]
pub(crate) struct Component {
    /// In upper case.
    pub(crate) name: String,
    pub(crate) parent: Option<usize>,
    /// The numbers of the components in it.
    pub(crate) children: Vec<usize>,
    pub(crate) properties: Vec<Property>,
    /// What is wrong with its lines.
    pub(crate) broken: Vec<String>,
}

impl Component {
    /// The first property of that name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Whether its lines matter to us: what stands in an alarm, a to-do or a vendor's own
    /// component is not judged.
    fn is_read(&self) -> bool {
        matches!(self.name.as_str(), "VCALENDAR" | "VEVENT" | "VTIMEZONE" | "STANDARD" | "DAYLIGHT")
    }
}

/// All components of a file, in the order of their beginnings.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub(crate) components: Vec<Component>,
    pub(crate) problems: Vec<String>,
    /// Whether there is a component, and every one that began has its end.
    pub(crate) complete: bool,
}

impl Calendar {
    /// # Errors
    ///
    /// The reason in words, where the lines are no calendar at all or lie too deep.
    pub(crate) fn from_lines(lines: &[String]) -> Result<Self, String> {
        let mut builder = Builder::default();
        for line in lines {
            builder.take(line)?;
        }
        if builder.calendar.components.is_empty() && !lines.is_empty() {
            return Err("this is not an iCalendar file: it has no BEGIN line".to_owned());
        }
        builder.close_down_to(0);
        builder.calendar.complete &= !builder.calendar.components.is_empty();
        Ok(builder.calendar)
    }

    /// The number of the outermost component around `index`.
    pub(crate) fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.components[index].parent {
            index = parent;
        }
        index
    }

    /// The components of that name, with their numbers.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = (usize, &Component)> {
        let all = self.components.iter().enumerate();
        all.filter(move |(_, component)| component.name == name)
    }
}

#[derive(Debug)]
struct Builder {
    calendar: Calendar,
    open: Vec<usize>,
}

impl Default for Builder {
    fn default() -> Self {
        let calendar = Calendar { components: Vec::new(), problems: Vec::new(), complete: true };
        Self { calendar, open: Vec::new() }
    }
}

impl Builder {
    fn take(&mut self, line: &str) -> Result<(), String> {
        let property = Property::parse(line);
        match property.as_ref().map(|property| property.name.as_str()) {
            Some("BEGIN") => self.begin(&property.map_or(String::new(), |p| upper(&p.value))),
            Some("END") => {
                self.end(&property.map_or(String::new(), |p| upper(&p.value)));
                Ok(())
            }
            _ => {
                self.add(line, property);
                Ok(())
            }
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), String> {
        // Events and calendars never lie in an event: there an end is missing.
        if name == "VCALENDAR" {
            self.close_down_to(0);
        } else if matches!(name, "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE") {
            let open = self.open.iter();
            let inside = open.take_while(|index| self.name(**index) == "VCALENDAR").count();
            self.close_down_to(inside);
        }
        if self.open.len() == DEPTH_MAX {
            return Err(format!("components lie more than {DEPTH_MAX} deep in each other"));
        }
        let parent = self.open.last().copied();
        let number = self.calendar.components.len();
        if let Some(parent) = parent {
            self.calendar.components[parent].children.push(number);
        }
        self.open.push(number);
        self.calendar.components.push(Component {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            properties: Vec::new(),
            broken: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match self.open.iter().rposition(|index| self.name(*index) == name) {
            Some(position) => {
                self.close_down_to(position + 1);
                self.open.pop();
            }
            None => {
                let problem = format!("END:{} has no BEGIN", name.escape_debug());
                note(&mut self.calendar.problems, problem);
            }
        }
    }

    /// Closes what lies deeper than `depth` and has no end of its own.
    fn close_down_to(&mut self, depth: usize) {
        for index in self.open.drain(depth.min(self.open.len())..).rev() {
            let name = self.calendar.components[index].name.escape_debug().to_string();
            note(&mut self.calendar.problems, format!("END:{name} is missing"));
            self.calendar.complete = false;
        }
    }

    fn add(&mut self, line: &str, property: Option<Property>) {
        let Some(component) = self.open.last().map(|index| &mut self.calendar.components[*index])
        else {
            let problem = format!("a line outside of BEGIN and END: {}", shown(line));
            note(&mut self.calendar.problems, problem);
            return;
        };
        match property {
            Some(property) => component.properties.push(property),
            None if component.is_read() => {
                let problem = format!("a line without a value: {}", shown(line));
                note(&mut component.broken, problem);
            }
            None => {}
        }
    }

    fn name(&self, index: usize) -> &str {
        &self.calendar.components[index].name
    }
}

/// Keeps one problem more than are told, so that it is known that there are more.
fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() <= PROBLEMS_MAX {
        problems.push(problem);
    }
}

fn upper(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}
