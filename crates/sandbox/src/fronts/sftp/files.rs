//! Files over SFTP (draft-ietf-secsh-filexfer-02), within the drop and nowhere else.
//!
//! A path that leads out of the drop, by `..` or by a link, is refused; `taken` is for the house alone. Two steps matter
//! to the house and may be struck by faults: opening a file to write, and giving a job or a claim file its final name.

use std::collections::HashMap;
use std::fs::{self, File as Opened, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use russh_sftp::extensions;
use russh_sftp::protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version};
use russh_sftp::server::{Handler, StatusReply};

use super::{House, Line};
use crate::counterparties::drop::{Course, Step};
use crate::world::World;

/// Files and listings that one session may have open: a hub has one.
const MOST_OPEN: usize = 64;

/// The most bytes of one answer to a read: what clients of this version ask for at most.
const LARGEST_READ: u32 = 256 * 1024;

/// One session's view of the drop.
pub struct Files {
    world: Weak<World>,
    line: Weak<Line>,
    house: House,
    open: HashMap<String, Thing>,
    last_handle: u64,
}

enum Thing {
    File {
        file: Opened,
        is_garbled: bool,
    },
    /// A listing that has not been fetched yet.
    Listing(Vec<File>),
}

/// Where in the drop a path leads.
struct Place {
    /// On this machine.
    path: PathBuf,
    /// The parts of the client's path.
    parts: Vec<String>,
}

impl Files {
    /// A session that has just begun.
    pub(super) fn new(world: Weak<World>, line: Weak<Line>, house: House) -> Files {
        Files { world, line, house, open: HashMap::new(), last_handle: 0 }
    }

    fn world(&self) -> Result<Arc<World>, StatusReply> {
        self.world.upgrade().ok_or_else(|| StatusCode::ConnectionLost.into())
    }

    /// Resolves a path that must stay in the drop. The last part need not exist.
    fn place(&self, path: &str) -> Result<Place, StatusReply> {
        let home = self.house.home(&*self.world()?);
        let outside = || StatusCode::PermissionDenied.with_message("the path leads out of the drop");
        let parts = parts(path).ok_or_else(outside)?;
        let whole = home.join(parts.iter().collect::<PathBuf>());
        if parts.is_empty() {
            return Ok(Place { path: home, parts });
        }
        let parent = whole.parent().unwrap_or(&home).canonicalize().map_err(told)?;
        let is_link = fs::symlink_metadata(&whole).is_ok_and(|found| found.is_symlink());
        if !parent.starts_with(&home) || is_link {
            return Err(outside());
        }
        Ok(Place { path: whole, parts })
    }

    /// The same, for something that is to change.
    fn place_to_change(&self, path: &str) -> Result<Place, StatusReply> {
        let place = self.place(path)?;
        let is_ours = place.parts.len() < 2 || place.parts[0] == "taken";
        if is_ours { Err(StatusCode::PermissionDenied.with_message("this is not yours to change")) } else { Ok(place) }
    }

    /// What becomes of a step. After a `Drop` there is no client any more.
    async fn course(&self, step: Step, place: &Place) -> Result<Course, StatusReply> {
        let course = self.world()?.course(self.house.counterparty(), step, &place.parts.join("/"));
        match course {
            Course::Refuse => return Err(StatusCode::Failure.with_message("not now (a fault was ordered)")),
            Course::Drop => {
                self.cut();
                return Err(StatusCode::ConnectionLost.into());
            }
            Course::Delay(by) => tokio::time::sleep(by).await,
            Course::Normal | Course::AcceptThenDrop | Course::Duplicate | Course::Garble => {}
        }
        Ok(course)
    }

    fn cut(&self) {
        if let Some(line) = self.line.upgrade() {
            line.cut();
        }
    }

    fn keep(&mut self, id: u32, thing: Thing) -> Result<Handle, StatusReply> {
        if self.open.len() >= MOST_OPEN {
            return Err(StatusCode::Failure.with_message("too many files are open"));
        }
        self.last_handle += 1;
        let handle = self.last_handle.to_string();
        self.open.insert(handle.clone(), thing);
        Ok(Handle { id, handle })
    }

    fn file(&mut self, handle: &str) -> Result<(&mut Opened, bool), StatusReply> {
        match self.open.get_mut(handle) {
            Some(Thing::File { file, is_garbled }) => Ok((file, *is_garbled)),
            _ => Err(StatusCode::Failure.with_message("there is no such handle")),
        }
    }

    /// A job or a claim file gets its final name: the house takes it before the client hears that it has it.
    async fn hand_over(&self, from: &Place, to: &Place) -> Result<(), StatusReply> {
        let course = self.course(Step::Rename, to).await?;
        let world = self.world()?;
        let floor = self.house.floor(&world).await;
        rename(&from.path, &to.path)?;
        let name = &to.parts[1];
        if let Err(error) = self.house.take(&world, name, course).await {
            // It lies there; the watcher tries again.
            tracing::error!(%error, name, "what came over SFTP cannot be taken");
        }
        drop(floor);
        if course == Course::AcceptThenDrop {
            self.cut();
        }
        Ok(())
    }
}

/// The parts of a path in the drop; `None` where it leads out of it.
fn parts(path: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.contains('\0') => return None,
            part => parts.push(part.to_owned()),
        }
    }
    Some(parts)
}

/// As the protocol has it (§6.5): never onto something that is there.
fn rename(from: &Path, to: &Path) -> Result<(), StatusReply> {
    if to.symlink_metadata().is_ok() {
        return Err(StatusCode::Failure.with_message("there is something of that name"));
    }
    fs::rename(from, to).map_err(told)
}

fn told(error: io::Error) -> StatusReply {
    let code = match error.kind() {
        io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    };
    code.with_message(error.kind().to_string())
}

fn ok(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Ok".to_owned(), language_tag: "en".to_owned() }
}

fn attributes(found: &Metadata) -> FileAttributes {
    FileAttributes::from(found)
}

// Files are read and written without leaving the session's task: each step is one system call of at most 256 KiB, and a
// test's drop lies in the machine's cache. What waits for the disk (fsync) does so elsewhere.
impl Handler for Files {
    type Error = StatusReply;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported.into()
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Result<Version, Self::Error> {
        let mut version = Version::new();
        version.extensions.insert(extensions::FSYNC.to_owned(), "1".to_owned());
        Ok(version)
    }

    async fn open(&mut self, id: u32, filename: String, flags: OpenFlags, _: FileAttributes) -> Result<Handle, Self::Error> {
        let is_written = flags.intersects(OpenFlags::WRITE | OpenFlags::APPEND | OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let place = if is_written { self.place_to_change(&filename)? } else { self.place(&filename)? };
        let course = if is_written { self.course(Step::Put, &place).await? } else { Course::Normal };
        let file = fs::OpenOptions::from(flags).open(&place.path).map_err(told)?;
        if course == Course::AcceptThenDrop {
            self.cut();
        }
        self.keep(id, Thing::File { file, is_garbled: course == Course::Garble })
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        self.open.remove(&handle).map(|_| ok(id)).ok_or_else(|| StatusCode::Failure.into())
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        let (file, _) = self.file(&handle)?;
        file.seek(SeekFrom::Start(offset)).map_err(told)?;
        let mut data = Vec::new();
        file.take(u64::from(len.min(LARGEST_READ))).read_to_end(&mut data).map_err(told)?;
        if data.is_empty() && len > 0 { Err(StatusCode::Eof.into()) } else { Ok(Data { id, data }) }
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, mut data: Vec<u8>) -> Result<Status, Self::Error> {
        let (file, is_garbled) = self.file(&handle)?;
        if is_garbled && let Some(first) = data.first_mut() {
            *first = !*first;
        }
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(&data)).map_err(told)?;
        Ok(ok(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let found = fs::symlink_metadata(self.place(&path)?.path).map_err(told)?;
        Ok(Attrs { id, attrs: attributes(&found) })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        self.lstat(id, path).await
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, Self::Error> {
        let found = self.file(&handle)?.0.metadata().map_err(told)?;
        Ok(Attrs { id, attrs: attributes(&found) })
    }

    /// Times and modes are nobody's concern here.
    async fn setstat(&mut self, id: u32, path: String, _: FileAttributes) -> Result<Status, Self::Error> {
        self.place_to_change(&path).map(|_| ok(id))
    }

    async fn fsetstat(&mut self, id: u32, handle: String, _: FileAttributes) -> Result<Status, Self::Error> {
        self.file(&handle).map(|_| ok(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        let place = self.place(&path)?;
        let mut list = Vec::new();
        for entry in fs::read_dir(place.path).map_err(told)? {
            let entry = entry.map_err(told)?;
            let attrs = attributes(&entry.metadata().map_err(told)?);
            list.push(File::new(entry.file_name().to_string_lossy(), attrs));
        }
        self.keep(id, Thing::Listing(list))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        match self.open.get_mut(&handle) {
            Some(Thing::Listing(list)) if list.is_empty() => Err(StatusCode::Eof.into()),
            // As much at a time as surely fits in a packet.
            Some(Thing::Listing(list)) => Ok(Name { id, files: list.drain(..list.len().min(100)).collect() }),
            _ => Err(StatusCode::Failure.into()),
        }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, Self::Error> {
        fs::remove_file(self.place_to_change(&filename)?.path).map(|()| ok(id)).map_err(told)
    }

    async fn mkdir(&mut self, id: u32, path: String, _: FileAttributes) -> Result<Status, Self::Error> {
        fs::create_dir(self.place_to_change(&path)?.path).map(|()| ok(id)).map_err(told)
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status, Self::Error> {
        fs::remove_dir(self.place_to_change(&path)?.path).map(|()| ok(id)).map_err(told)
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let place = self.place(&path)?;
        Ok(Name { id, files: vec![File::dummy(format!("/{}", place.parts.join("/")))] })
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status, Self::Error> {
        let (from, to) = (self.place_to_change(&from)?, self.place_to_change(&to)?);
        if self.house.takes(&to.parts, from.path.is_dir()) {
            self.hand_over(&from, &to).await?;
        } else {
            rename(&from.path, &to.path)?;
        }
        Ok(ok(id))
    }

    /// `fsync@openssh.com`: the handle as a string (PROTOCOL of OpenSSH, §4.4).
    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Result<Packet, Self::Error> {
        if request != extensions::FSYNC {
            return Err(self.unimplemented());
        }
        let handle = data.get(4..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let file = self.file(handle)?.0.try_clone().map_err(told)?;
        let synced = tokio::task::spawn_blocking(move || file.sync_all()).await.map_err(io::Error::other).flatten();
        synced.map(|()| Packet::Status(ok(id))).map_err(told)
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn paths_stay_in_the_drop() {
        let table = [
            ("/jobs/a", Some("jobs/a")),
            ("jobs//./a/", Some("jobs/a")),
            ("", Some("")),
            ("/", Some("")),
            (".", Some("")),
            ("/jobs/../receipts", Some("receipts")),
            ("..", None),
            ("/../etc/passwd", None),
            ("jobs/../../etc", None),
            ("jobs/a\0b", None),
        ];
        for (path, expected) in table {
            assert_eq!(parts(path).map(|parts| parts.join("/")).as_deref(), expected, "{path:?}");
        }
    }
}
