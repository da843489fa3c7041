//! Are all zones of a task known on this machine?

use super::{Delivery, Step};
use crate::scheduler::decide::Happened;
use crate::task::{Body, Reason};
use crate::time::TimeErrorKind;

impl Delivery {
    /// A task with a zone that the rules here do not know is held, whether or not this message
    /// needs it: nobody can tell what its event time means, and the next move would fail on it.
    pub(super) fn check_zones(&self, body: &Body) -> Step<()> {
        let (now, tzdb) = (self.engine.now(), self.engine.tzdb());
        let (event, zone) = (body.head.event.as_ref(), body.request.to.zone());
        let looks = [
            event.and_then(|event| event.resolve(&tzdb).err()),
            body.head.trigger.due(now, event, zone, &tzdb).err(),
            zone.and_then(|zone| zone.local_at(now, &tzdb).err()),
        ];
        let mut errors = looks.into_iter().flatten();
        match errors.find(|error| error.kind() == TimeErrorKind::UnknownZone) {
            Some(error) => Err(Happened::Held(Reason::UnknownZone, Some(error.to_string().into()))),
            None => Ok(()),
        }
    }
}
