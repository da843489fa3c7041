//! Why: every reason that the engine records, and the sentence that explains it.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $sentence:literal;)*) => {
        /// Why a task was not sent, put off, or changed.
        ///
        /// Each is stored as a word and explained by a sentence.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
            /// A reason that a newer version wrote.
            Newer(String),
        }

        impl Reason {
            /// Every reason that is written.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// The word that is stored.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Reason::$name => $word,)*
                    Reason::Newer(word) => word,
                }
            }

            /// The reason of a stored word.
            pub fn from_stored(word: &str) -> Reason {
                match word {
                    $($word => Reason::$name,)*
                    _ => Reason::Newer(word.to_owned()),
                }
            }

            /// The reason in a sentence, without its full stop.
            pub fn sentence(&self) -> &str {
                match self {
                    $(Reason::$name => $sentence,)*
                    Reason::Newer(_) => "a newer version of this library recorded a reason that \
                        this one does not know",
                }
            }
        }
    };
}

reasons! {
    /// The due time was already over when the reminder was scheduled or moved.
    PastDue = "past_due", "its due time was already over when it was scheduled";
    /// The reminder would come at or after the event.
    AfterEvent = "after_event", "it would come at or after the event itself";
    /// The guard said no.
    Guard = "guard", "the host's guard said that it must not be sent";
    /// The guard could not be asked.
    GuardFailed = "guard_failed", "the host's guard could not answer";
    /// The guard put it off.
    GuardDeferred = "guard_deferred", "the host's guard asked to wait";
    /// The guard knew another event time.
    GuardMoved = "guard_moved", "the host's guard said that the event takes place at another time";
    /// Outside the delivery window, with no opening in time.
    Window = "window", "its delivery window does not open before it expires";
    /// Waiting for the delivery window.
    WindowClosed = "window_closed", "its delivery window is closed";
    /// Too late to be of use.
    TooLate = "too_late", "the engine got to it only after it had expired";
    /// No time for another attempt.
    NoTimeLeft = "no_time_left", "its attempts failed and it expires before another could follow";
    /// Held until it expired.
    HeldTooLong = "held_too_long", "nobody decided what to do before it expired";
    /// The host cancelled this one.
    CancelledByHost = "cancelled_by_host", "the host cancelled it";
    /// The host cancelled everything about the subject.
    SubjectCancelled = "subject_cancelled", "the host cancelled everything about its subject";
    /// The host cancelled everything for the person.
    PersonCancelled = "person_cancelled", "the host cancelled everything for its person";
    /// The event moved.
    EventMoved = "event_moved", "the event moved to another time";
    /// The host asked for it again.
    AskedAgain = "asked_again", "the host scheduled it again";
    /// The rules of a zone changed.
    ZoneRules = "zone_rules", "the rules of its time zone changed";
    /// The provider did not take it now.
    Transient = "transient", "the attempt failed in a way that may pass";
    /// The provider refused it for good.
    Permanent = "permanent", "it was refused for good";
    /// The address was refused for good before.
    Suppressed = "suppressed",
        "its address is suppressed, because its provider refused it for good before";
    /// The person wants no messages on this channel.
    OptedOut = "opted_out", "its recipient wants no messages on this channel";
    /// The channel does not work.
    ChannelDown = "channel_down", "its channel does not work at the moment";
    /// Every attempt is spent.
    AttemptsUsedUp = "attempts_used_up", "all of its attempts failed";
    /// Nobody can know whether it was accepted.
    Uncertain = "uncertain", "the answer to an attempt was lost, so it may or may not have arrived";
    /// A message that may have arrived is not repeated on this channel.
    UncertainHeld = "uncertain_held",
        "it may have arrived, and its channel does not repeat what may have arrived";
    /// The one repeat after a lost answer lost its answer too.
    UncertainAgain = "uncertain_again", "the answer was lost again after it had been repeated";
    /// The worker lost its lease before hand-off.
    LeaseLost = "lease_lost", "the worker lost its right to it before anything was sent";
    /// The worker stopped.
    Shutdown = "shutdown", "the worker that had taken it stopped";
    /// The attempt took too long.
    TimedOut = "timed_out", "the attempt took longer than it may";
    /// Host or notifier code panicked.
    Panic = "panic", "the code that was to send it panicked";
    /// The message could not be written.
    Render = "render", "its message could not be written";
    /// The address could not be found.
    Resolve = "resolve", "its address could not be found";
    /// There is nobody to tell any more.
    NoAddress = "no_address", "the host's resolver knows no address for it";
    /// The process died over it again and again.
    CrashLoop = "crash_loop", "the process died each time it was taken, so it is held";
    /// The stored record is damaged.
    Corrupt = "corrupt", "its stored record is damaged, so nothing is sent from it";
    /// A newer version stored it.
    NewerVersion = "newer_version", "a newer version of this library stored it";
    /// Its zone is unknown here.
    UnknownZone = "unknown_zone", "its time zone is unknown on this machine";
    /// No notifier serves its channel here.
    NoNotifier = "no_notifier", "no running worker serves its channel";
    /// Its person was told too much lately.
    Throttled = "throttled", "its person has been sent as much as one may be sent in that time";
    /// Its channel has sent as much as it may.
    RateLimited = "rate_limited", "its channel has sent as much as it may for the moment";
    /// Its channel is paused.
    Paused = "paused", "its channel or kind is paused";
    /// It is the fallback of another task.
    Fallback = "fallback", "another way to the same person had failed";
    /// A person said that it was sent.
    ResolvedSent = "resolved_sent", "a person said that it had arrived";
    /// A person asked to send it again.
    ResolvedResend = "resolved_resend", "a person asked to send it again";
    /// A person asked for another try.
    RetriedByHand = "retried_by_hand", "a person asked for another try";
    /// The person was forgotten.
    Forgotten = "forgotten", "its person was forgotten";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
