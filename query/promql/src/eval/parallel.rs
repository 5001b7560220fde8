//! One function over many series, on several threads.
//!
//! Owns the splitting. The order of results is that of the input, so that sums do not depend on the number of threads.

/// Fewer series than this are not worth a thread.
const ITEMS_PER_THREAD_MIN: usize = 32;

/// Calls the function with each item.
///
/// # Errors
/// The first, in the order of items, that the function gives.
pub fn map<T, R, E, F>(threads: usize, items: Vec<T>, function: F) -> Result<Vec<R>, E>
where
    T: Send,
    R: Send,
    E: Send,
    F: Fn(T) -> Result<R, E> + Sync,
{
    let threads = threads.min(items.len() / ITEMS_PER_THREAD_MIN);
    if threads < 2 {
        return items.into_iter().map(function).collect();
    }
    let share = items.len().div_ceil(threads);
    let mut parts = Vec::with_capacity(threads);
    let mut rest = items;
    while rest.len() > share {
        let tail = rest.split_off(share);
        parts.push(std::mem::replace(&mut rest, tail));
    }
    parts.push(rest);
    let function = &function;
    std::thread::scope(|scope| {
        let run = |part: Vec<T>| scope.spawn(move || part.into_iter().map(function).collect::<Result<Vec<R>, E>>());
        let handles: Vec<_> = parts.into_iter().map(run).collect();
        let mut results = Vec::new();
        for handle in handles {
            results.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(results)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_depend_on_threads() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let doubled = map(threads, items.clone(), |item| Ok::<_, ()>(item * 2)).expect("doubling does not fail");
            assert!(doubled.iter().enumerate().all(|(index, item)| *item == index * 2));
        }
    }
}
