//! Changes a running server's system calls on their way, one thread's at a time, by `strace`.
//!
//! Owns the tracer's process. Attaches to one thread, so that all others run at full speed and a count of calls means the
//! same in each run. Needs `strace` and the right to trace.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::plan::{Aim, Thread};

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
pub enum Instead {
    /// The process is killed as it is about to make it.
    Kill,
    /// It is not made and gives this error, so many times.
    Error { name: &'static str, times: u64 },
}

/// A tracer that is attached until this is dropped.
pub struct Injection {
    tracer: Child,
    /// Where it writes each call.
    calls: PathBuf,
}

fn expression(call: &str, nth: u64, instead: Instead) -> String {
    match instead {
        Instead::Kill => format!("inject={call}:signal=KILL:when={nth}"),
        Instead::Error { name, times } => format!("inject={call}:error={name}:when={nth}..{}", nth + times - 1),
    }
}

/// The command in front of a server that shall meet an error while it starts: the server is the child, as without.
pub fn wrapper(calls: &Path, call: &str, error: &'static str, nth: u64) -> Vec<String> {
    let inject = expression(call, nth, Instead::Error { name: error, times: 1 });
    let calls = calls.display().to_string();
    ["strace", "-D", "-f", "--seccomp-bpf", "-o", &calls, "-e", &format!("trace={call}"), "-e", &inject]
        .map(str::to_owned)
        .to_vec()
}

/// Whether processes can be traced here.
pub fn is_possible() -> bool {
    let Ok(mut sleeper) = Command::new("sleep").arg("60").spawn() else { return false };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let attached = Injection::attach(sleeper.id(), "write", 1, Instead::Kill, folder.path());
    let is_possible = attached.is_some_and(|mut injection| injection.is_attached(sleeper.id()));
    sleeper.kill().expect("a child can be killed");
    sleeper.wait().expect("a child can be waited for");
    is_possible
}

fn thread_id(process: u32, thread: Thread) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    tasks.flatten().find_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        if name.trim() != thread.name() {
            return None;
        }
        task.file_name().to_str()?.parse().ok()
    })
}

// === impl Injection ===

impl Injection {
    /// Meets a thread of a process; `None` where the process is gone.
    pub fn at(process: u32, aim: Aim, instead: Instead, folder: &Path) -> Option<Self> {
        let thread = thread_id(process, aim.thread)?;
        let mut injection = Self::attach(thread, aim.call, aim.nth, instead, folder)?;
        injection.is_attached(thread).then_some(injection)
    }

    fn attach(thread: u32, call: &str, nth: u64, instead: Instead, folder: &Path) -> Option<Self> {
        let calls = folder.join("calls.txt");
        let _ = std::fs::remove_file(&calls);
        let said = File::create(folder.join("tracer.txt")).ok()?;
        let tracer = Command::new("strace")
            .args(["-p", &thread.to_string(), "-o"])
            .arg(&calls)
            .args(["-e", &format!("trace={call}"), "-e", &expression(call, nth, instead)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .ok()?;
        Some(Self { tracer, calls })
    }

    /// Waits until it is, or cannot be.
    fn is_attached(&mut self, thread: u32) -> bool {
        let began = Instant::now();
        loop {
            let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            if tracer.is_some_and(|tracer| tracer.trim() == self.tracer.id().to_string()) {
                return true;
            }
            let is_gone = status.is_empty() || self.tracer.try_wait().is_ok_and(|ended| ended.is_some());
            if is_gone || began.elapsed() > Duration::from_secs(10) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// How many calls were changed so far.
    pub fn hits(&self) -> u64 {
        let calls = std::fs::read_to_string(&self.calls).unwrap_or_default();
        u64::try_from(calls.matches("(INJECTED)").count()).expect("few")
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // TERM lets go of the thread, which goes on as if nothing had been.
        let id = i32::try_from(self.tracer.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.tracer.wait();
    }
}
