//! What one `VEVENT` says, before its zones are looked up.

use std::{collections::HashMap, rc::Rc};

use super::{
    component::{Calendar, Component, Property},
    moment::{Moment, check_duration},
    problem::{PROBLEMS_MAX, shown},
    recur::Rule,
};

/// How many attendees of one event are told.
pub(crate) const ATTENDEES_MAX: usize = 500;

/// The longest `UID` that is used, in bytes.
const UID_BYTES_MAX: usize = 1_000;

/// One `VEVENT`.
#[derive(Debug)]
pub(crate) struct Event {
    /// The number of its outermost component, for its zones.
    pub(crate) root: usize,
    /// Its place among the file's events, from 1.
    pub(crate) number: usize,
    pub(crate) uid: Option<Rc<str>>,
    /// Which of two versions of an event is the newer one (RFC 5546 section 2.1.5): `SEQUENCE`,
    /// then `DTSTAMP`; of two equal ones the cancelled one.
    pub(crate) version: (i64, String, bool),
    pub(crate) summary: Rc<str>,
    pub(crate) attendees: Rc<[String]>,
    pub(crate) cancelled: bool,
    pub(crate) start: Option<Moment>,
    /// Which occurrence of its series this event stands for.
    pub(crate) recurrence_id: Option<Moment>,
    /// Whether it stands for all later occurrences as well.
    pub(crate) this_and_future: bool,
    pub(crate) rules: Vec<Rule>,
    pub(crate) excluded_rules: Vec<Rule>,
    pub(crate) dates: Vec<Moment>,
    pub(crate) excluded_dates: Vec<Moment>,
    /// Whether it has a rule or a date, usable or not.
    pub(crate) recurs: bool,
    /// Whether its occurrences are known for certain.
    pub(crate) settled: bool,
    pub(crate) problems: Vec<String>,
}

impl Event {
    /// Every event of a file, in its order.
    pub(crate) fn all(calendar: &Calendar) -> Vec<Self> {
        let mut withdrawn = HashMap::new();
        let events = calendar.named("VEVENT").enumerate();
        events
            .map(|(place, (index, component))| {
                let root = calendar.root(index);
                let method_is_cancel = *withdrawn.entry(root).or_insert_with(|| {
                    let method = calendar.components[root].property("METHOD");
                    method.is_some_and(|method| method.value.eq_ignore_ascii_case("CANCEL"))
                });
                Self::read(component, root, place + 1, method_is_cancel)
            })
            .collect()
    }

    fn read(component: &Component, root: usize, number: usize, withdrawn: bool) -> Self {
        let text = |name: &str| component.property(name).map(Property::text).unwrap_or_default();
        let status = text("STATUS");
        let cancelled = withdrawn
            || ["CANCELLED", "CANCELED"].iter().any(|word| status.eq_ignore_ascii_case(word));
        let uid = text("UID");
        let sequence = text("SEQUENCE").trim().parse().unwrap_or(0);
        let mut event = Self {
            root,
            number,
            uid: Some(uid.trim()).filter(|uid| !uid.is_empty()).map(Rc::from),
            version: (sequence, text("DTSTAMP"), cancelled),
            summary: Rc::from(text("SUMMARY").trim()),
            attendees: Rc::default(),
            cancelled,
            start: None,
            recurrence_id: None,
            this_and_future: false,
            rules: Vec::new(),
            excluded_rules: Vec::new(),
            dates: Vec::new(),
            excluded_dates: Vec::new(),
            recurs: false,
            settled: component.broken.is_empty(),
            problems: component.broken.clone(),
        };
        for property in &component.properties {
            if let Err(reason) = event.take_time(property) {
                event.note(reason);
            }
        }
        event.take_attendees(component);
        if event.uid.take_if(|uid| uid.len() > UID_BYTES_MAX).is_some() {
            event.note(format!("its UID is longer than {UID_BYTES_MAX} bytes"));
        }
        event
    }

    /// Takes what a property says about times.
    fn take_time(&mut self, property: &Property) -> Result<(), String> {
        match property.name.as_str() {
            "DTSTART" => {
                let start = Moment::of(property)?;
                self.start.get_or_insert(start);
            }
            "DTEND" => drop(Moment::of(property)?),
            "DURATION" => check_duration(property)?,
            "RECURRENCE-ID" => {
                let range = property.param("RANGE").unwrap_or_default();
                self.this_and_future = range.eq_ignore_ascii_case("THISANDFUTURE");
                let moment = Moment::of(property).inspect_err(|_| self.settled = false)?;
                self.recurrence_id = Some(moment);
            }
            "RRULE" => {
                self.recurs = true;
                let rule = Rule::parse(&property.value).inspect_err(|_| self.settled = false)?;
                self.rules.push(rule);
            }
            "EXRULE" => {
                let rule = Rule::parse(&property.value).inspect_err(|_| self.settled = false)?;
                self.excluded_rules.push(rule);
            }
            "RDATE" => {
                self.recurs = true;
                let moments = self.moments(property);
                self.dates.extend(moments);
            }
            "EXDATE" => {
                let moments = self.moments(property);
                self.excluded_dates.extend(moments);
            }
            _ => {}
        }
        Ok(())
    }

    /// The usable moments of a list.
    fn moments(&mut self, property: &Property) -> Vec<Moment> {
        let mut usable = Vec::new();
        for moment in Moment::list(property) {
            match moment {
                Ok(moment) => usable.push(moment),
                Err(reason) => {
                    self.settled = false;
                    self.note(reason);
                }
            }
        }
        usable
    }

    fn take_attendees(&mut self, component: &Component) {
        let mut addresses: Vec<String> = Vec::new();
        let attendees = component.properties.iter().filter(|property| property.name == "ATTENDEE");
        for property in attendees {
            let Some(address) = mail_address(property) else {
                let value = shown(&property.value);
                self.note(format!("ATTENDEE is not a mail address: {value}"));
                continue;
            };
            if addresses.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
                continue;
            }
            if addresses.len() == ATTENDEES_MAX {
                self.note(format!("it has more than {ATTENDEES_MAX} attendees"));
                break;
            }
            addresses.push(address);
        }
        self.attendees = Rc::from(addresses);
    }

    /// Keeps one problem more than are told.
    fn note(&mut self, reason: String) {
        if self.problems.len() <= PROBLEMS_MAX {
            self.problems.push(reason);
        }
    }
}

/// The address of an attendee: a `mailto:` URI, a plain address, or the `EMAIL` parameter
/// beside another kind of URI (RFC 7986 section 6.2).
fn mail_address(property: &Property) -> Option<String> {
    let value = property.value.trim();
    let plain = match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &value[7..],
        _ if value.contains(':') || value.contains('/') => "",
        _ => value,
    };
    let plain = plain.split('?').next().unwrap_or_default().trim();
    let address = Some(plain).filter(|text| text.contains('@')).or(property.param("EMAIL"))?;
    address.contains('@').then(|| address.to_owned())
}
