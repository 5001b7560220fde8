//! Merging changes no answer, loses no row, and survives a kill at any moment.

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::TimestampNanosecondType;

use super::*;
use crate::Retention;
use crate::columns::{pad_to_schema, schema_subset};
use crate::compact::{Job, Merge};
use crate::read::whole_file;
use crate::version::DataFile;

const MINUTE: u64 = 60_000_000_000;

fn settings(dir: &Path, compaction: bool) -> StoreConfig {
    StoreConfig { seal_bytes: 40_000, compaction, ..StoreConfig::in_dir(dir) }
}

/// Requests of now and of up to an hour before, in no order, each sealed into files.
async fn fill(store: &Store, requests: u64) {
    let now = u64::try_from(crate::now_nanos()).unwrap();
    for number in 0..requests {
        let before = number.wrapping_mul(7919) % 60 * MINUTE;
        send(store, body_at(number, 40, now - if number % 3 == 0 { before } else { number * 1000 })).await;
        if number % 5 == 0 {
            store.seal().await;
        }
    }
    store.seal().await;
}

/// All rows with all columns that any file has, ordered by what names them.
fn all_rows(table: Table, files: &[Arc<DataFile>], names: &[&str]) -> RecordBatch {
    let batches: Vec<RecordBatch> = files.iter().flat_map(|file| whole_file(file).unwrap()).collect();
    let has = |name: &str| batches.iter().any(|batch| batch.column_by_name(name).is_some());
    let schema = schema_subset(&table.schema(), has);
    let padded: Vec<RecordBatch> = batches.iter().map(|batch| pad_to_schema(batch, &schema).unwrap()).collect();
    let all = concat_batches(&schema, &padded).unwrap();
    let columns: Vec<_> = names
        .iter()
        .map(|name| arrow::compute::SortColumn { values: Arc::clone(all.column_by_name(name).unwrap()), options: None })
        .collect();
    let order: UInt32Array = lexsort_to_indices(&columns, None).unwrap();
    take_record_batch(&all, &order).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_keeps_every_row_and_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path(), false)).unwrap().store;
    fill(&store, 60).await;
    let version = store.read().pin();
    let mut merged_files = 0;
    for (table, names) in
        [(Table::Spans, ["trace_id", "span_id"]), (Table::Resources, ["received_time", "resource_id"])]
    {
        let mut folders = std::collections::BTreeMap::<String, Vec<Arc<DataFile>>>::new();
        for file in version.files(table) {
            folders.entry(file.entry.partition().to_owned()).or_default().push(Arc::clone(file));
        }
        for (folder, inputs) in folders {
            let job = Job { table, inputs: inputs.clone(), waiting: 0 };
            let relative = format!("{folder}/merged.parquet");
            let entry = Merge::open(&job).unwrap().run(dir.path(), &relative, 1, || false).unwrap().unwrap();
            assert_eq!(entry.rows, inputs.iter().map(|file| file.entry.rows).sum::<u64>());
            assert_eq!(entry.time_min, inputs.iter().map(|file| file.entry.time_min).min().unwrap());
            let output = [Arc::new(DataFile::new(entry, dir.path().join(&relative)))];
            assert_eq!(all_rows(table, &output, &names), all_rows(table, &inputs, &names), "{folder}");
            assert_ordered(table, &output[0]);
            merged_files += inputs.len();
        }
    }
    assert!(merged_files > 10, "{merged_files}");
}

fn assert_ordered(table: Table, file: &DataFile) {
    let mut last = None;
    for batch in whole_file(file).unwrap() {
        let times = batch.column_by_name(table.time_column()).unwrap().as_primitive::<TimestampNanosecondType>();
        let bucket = i64::from(file.entry.bucket_seconds) * 1_000_000_000;
        for row in 0..batch.num_rows() {
            let time = times.value(row);
            let place = if table == Table::Spans {
                let id = batch.column_by_name("trace_id").unwrap().as_fixed_size_binary().value(row).to_vec();
                (time.div_euclid(bucket), id, time)
            } else {
                (0, Vec::new(), time)
            };
            assert!(last.as_ref().is_none_or(|last| *last <= place), "row {row}");
            last = Some(place);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_few_and_what_is_replaced_goes_when_nobody_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path(), true)).unwrap().store;
    let now = u64::try_from(crate::now_nanos()).unwrap();
    send(&store, body_at(0, 40, now)).await;
    store.seal().await;
    let pinned = store.read().pin();
    let old = Arc::clone(&pinned.files(Table::Spans)[0]);
    for number in 1..40 {
        send(&store, body_at(number, 40, now)).await;
        store.seal().await;
    }
    let few = || store.read().pin().files(Table::Spans).len() <= crate::compact::FRESH_MAX + 2;
    for _ in 0..500 {
        if few() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(few(), "{} files", store.read().pin().files(Table::Spans).len());
    assert!(store.metrics().merges.load(Ordering::Relaxed) > 0);
    assert_eq!(rows(&store, Table::Spans), 1600);
    for number in 0..40 {
        assert_eq!(spans_of(&store, number).await, 40, "trace {number}");
    }
    assert!(old.path.exists(), "somebody still reads it");
    let path = old.path.clone();
    drop((old, pinned));
    assert!(!path.exists(), "nobody reads it any more");
    store.shutdown().await;
    drop(store);
    let store = open(dir.path());
    assert_eq!((store.report.orphans, rows(&store.store, Table::Spans)), (0, 1600));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_a_merge_that_was_cut_off_removes_its_file_and_keeps_its_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path(), false)).unwrap().store;
    fill(&store, 20).await;
    let job = Job { table: Table::Spans, inputs: store.read().pin().files(Table::Spans).to_vec(), waiting: 0 };
    let folder = job.inputs[0].entry.partition().to_owned();
    let stopped = Merge::open(&job).unwrap().run(dir.path(), &format!("{folder}/stopped.parquet"), 1, || true).unwrap();
    assert!(stopped.is_none() && !dir.path().join(format!("{folder}/stopped.tmp")).exists());
    // Whole, but the edit was never written.
    let whole = format!("{folder}/whole.parquet");
    Merge::open(&job).unwrap().run(dir.path(), &whole, 1, || false).unwrap().unwrap();
    drop((store, job));
    let opened = open_with(settings(dir.path(), false)).unwrap();
    assert_eq!((opened.report.orphans, rows(&opened.store, Table::Spans)), (1, 800));
    assert!(!dir.path().join(&whole).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_left_out_and_the_rest_is_merged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path(), false)).unwrap().store;
    let now = u64::try_from(crate::now_nanos()).unwrap();
    for number in 0..12 {
        send(&store, body_at(number, 40, now)).await;
        store.seal().await;
    }
    let bad = store.read().pin().files(Table::Spans)[3].path.clone();
    store.shutdown().await;
    drop(store);
    let length = std::fs::metadata(&bad).unwrap().len();
    std::fs::write(&bad, vec![7; usize::try_from(length).unwrap()]).unwrap();

    let store = open_with(settings(dir.path(), true)).unwrap().store;
    for number in 12..16 {
        send(&store, body_at(number, 40, now)).await;
        store.seal().await;
    }
    for _ in 0..500 {
        if store.metrics().merges.load(Ordering::Relaxed) > 0 {
            break;
        }
        // The first attempt fails; a seal wakes the compactor again.
        send(&store, body(100_000 + u64::try_from(crate::now_nanos()).unwrap() % 1_000_000, 1)).await;
        store.seal().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(store.metrics().merges.load(Ordering::Relaxed) > 0);
    assert!(store.metrics().merge_failures.load(Ordering::Relaxed) > 0);
    assert!(bad.exists(), "a file that cannot be read is not thrown away");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_decodes_is_not_merged_into_a_file_with_a_right_checksum() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path(), false)).unwrap().store;
    fill(&store, 20).await;
    let job = Job { table: Table::Spans, inputs: store.read().pin().files(Table::Spans).to_vec(), waiting: 0 };
    assert!(Merge::open(&job).is_ok());
    let path = &job.inputs[0].path;
    let mut bytes = std::fs::read(path).unwrap();
    // In the first page: neither footer nor page index tells.
    bytes[40] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let error = Merge::open(&job).err().expect("a file with another checksum is refused");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_its_retention_goes_and_stays_gone() {
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { spans: Some(Duration::from_secs(2 * 3600)), ..Retention::default() };
    let config = StoreConfig { retention, ..StoreConfig::in_dir(dir.path()) };
    let store = open_with(config.clone()).unwrap().store;
    let now = u64::try_from(crate::now_nanos()).unwrap();
    for (number, hours) in [(0, 0), (1, 1), (2, 5), (3, 12)] {
        send(&store, body_at(number, 10, now - hours * 60 * MINUTE)).await;
    }
    store.seal().await;
    for _ in 0..500 {
        if rows(&store, Table::Spans) == 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(rows(&store, Table::Spans), 20);
    assert_eq!((spans_of(&store, 1).await, spans_of(&store, 2).await), (10, 0));
    assert_eq!(store.metrics().expired_files.load(Ordering::Relaxed), 2);
    store.shutdown().await;
    drop(store);
    let opened = open_with(config).unwrap();
    assert_eq!((opened.report.orphans, rows(&opened.store, Table::Spans)), (0, 20));
}
