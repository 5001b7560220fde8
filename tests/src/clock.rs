//! A clock that can be moved under a running server: a small C library loaded in front of libc, and a file it maps.
//!
//! Owns the library's source and the file. libfaketime will not do: it allocates on its way to libc, and the server's
//! allocator asks for the time.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::shim::compile;

/// Adds the offset in the file, nanoseconds, to the time of day; leaves all other clocks alone. Who waits until a time of day is
/// woken when the kernel's clock, which is not moved, would say so.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long long none = 0, *offset = &none;
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) return;
    void *map = mmap(0, sizeof(long long), PROT_READ, MAP_SHARED, file, 0);
    if (map != MAP_FAILED) offset = map;
    close(file);
}
int clock_gettime(clockid_t id, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, id, at);
    if (failed || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return failed;
    long long nanos = at->tv_sec * 1000000000LL + at->tv_nsec + *offset;
    at->tv_sec = nanos / 1000000000LL;
    at->tv_nsec = nanos % 1000000000LL;
    return 0;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
typedef int (*timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    static timedwait wait;
    if (!wait) {
        wait = (timedwait)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
        if (!wait) wait = (timedwait)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    }
    struct timespec here = *until;
    if (here.tv_sec > 1000000000) { /* no monotonic clock has come as far */
        long long nanos = here.tv_sec * 1000000000LL + here.tv_nsec - *offset;
        here.tv_sec = nanos / 1000000000LL;
        here.tv_nsec = nanos % 1000000000LL;
    }
    return wait(condition, mutex, &here);
}
"#;

/// A clock for the processes that are started with its environment.
#[derive(Debug)]
pub struct Clock {
    library: PathBuf,
    offset: PathBuf,
}

// === impl Clock ===

impl Clock {
    /// `None` where nothing can be compiled.
    #[must_use]
    pub fn build(folder: &Path) -> Option<Self> {
        let library = compile(folder, "clock", SOURCE)?;
        let offset = folder.join("clock.offset");
        std::fs::write(&offset, 0_i64.to_ne_bytes()).ok()?;
        Some(Self { library, offset })
    }

    /// What a server needs to look at it.
    #[must_use]
    pub fn environment(&self) -> [(String, String); 2] {
        [
            ("LD_PRELOAD".to_owned(), self.library.display().to_string()),
            ("FAULTS_CLOCK".to_owned(), self.offset.display().to_string()),
        ]
    }

    /// From now on it is so many seconds off.
    ///
    /// # Panics
    /// When the clock's file is gone.
    pub fn jump(&self, seconds: i64) {
        // In place: the server maps this very file.
        let file = std::fs::File::options().write(true).open(&self.offset).expect("the clock's file is there");
        file.write_all_at(&(seconds * 1_000_000_000).to_ne_bytes(), 0).expect("the clock's file can be written");
    }
}
