//! Batches as bytes of a file format, a piece at a time.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::Format;
use crate::render::CsvBatch;

/// Rows of a row group of a downloaded file.
const ROW_GROUP_ROWS: usize = 131_072;
/// Bytes of a row group that may wait in memory.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Pieces in order: what `begin` gives, then what each batch gives, then what `end` gives.
pub(super) trait Encoder: Send {
    fn begin(&mut self) -> Result<Vec<u8>, ArrowError>;
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError>;
    fn end(&mut self) -> Result<Vec<u8>, ArrowError>;
}

/// # Errors
/// When the format has no place for a column's type.
pub(super) fn encoder(format: Format, schema: &SchemaRef) -> Result<Box<dyn Encoder>, ArrowError> {
    Ok(match format {
        Format::Csv | Format::Json => Box::new(Csv { schema: Arc::clone(schema) }),
        Format::Arrow => Box::new(ArrowStream { writer: StreamWriter::try_new(Vec::new(), schema)? }),
        Format::Parquet => Box::new(Parquet { writer: Some(parquet_writer(schema).map_err(ArrowError::from)?) }),
    })
}

struct Csv {
    schema: SchemaRef,
}

impl Encoder for Csv {
    fn begin(&mut self) -> Result<Vec<u8>, ArrowError> {
        let mut out = Vec::new();
        CsvBatch::push_header(&self.schema, &mut out);
        Ok(out)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let mut out = Vec::new();
        CsvBatch::of(batch).push_lines(&mut out);
        Ok(out)
    }

    fn end(&mut self) -> Result<Vec<u8>, ArrowError> {
        Ok(Vec::new())
    }
}

struct ArrowStream {
    writer: StreamWriter<Vec<u8>>,
}

impl ArrowStream {
    fn written(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.get_mut())
    }
}

impl Encoder for ArrowStream {
    fn begin(&mut self) -> Result<Vec<u8>, ArrowError> {
        Ok(self.written())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        self.writer.write(batch)?;
        Ok(self.written())
    }

    fn end(&mut self) -> Result<Vec<u8>, ArrowError> {
        self.writer.finish()?;
        Ok(self.written())
    }
}

struct Parquet {
    /// `None` after the end.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

fn parquet_writer(schema: &SchemaRef) -> Result<ArrowWriter<Vec<u8>>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    ArrowWriter::try_new(Vec::new(), Arc::clone(schema), Some(properties))
}

impl Encoder for Parquet {
    fn begin(&mut self) -> Result<Vec<u8>, ArrowError> {
        Ok(Vec::new())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        writer.write(batch)?;
        if writer.in_progress_size() > ROW_GROUP_BYTES {
            writer.flush()?;
        }
        Ok(std::mem::take(writer.inner_mut()))
    }

    fn end(&mut self) -> Result<Vec<u8>, ArrowError> {
        match self.writer.take() {
            Some(writer) => Ok(writer.into_inner()?),
            None => Ok(Vec::new()),
        }
    }
}
