//! Whose servers they are: somebody who may not do everything.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A command as somebody who may not do everything: servers refuse to run as root.
pub(super) fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = nobody() {
        command.uid(uid).gid(gid);
    }
    command.env("LC_ALL", "C");
    command
}

pub(super) fn hand_over(directory: &Path) {
    if let Some((uid, gid)) = nobody() {
        chown(directory, Some(uid), Some(gid)).unwrap();
    }
}

/// User and group of such a command.
pub(super) fn identity() -> (u32, u32) {
    nobody().unwrap_or_else(|| {
        let own = fs::metadata("/proc/self").unwrap();
        (own.uid(), own.gid())
    })
}

/// The user that this process runs as.
pub(super) fn own_uid() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

/// User and group `nobody`, where we are root.
fn nobody() -> Option<(u32, u32)> {
    if own_uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("nobody:"));
    let fields: Vec<&str> = user.expect("there is a user nobody").split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
