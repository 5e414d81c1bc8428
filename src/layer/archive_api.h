#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "slipway/base/result.h"

namespace slipway::layer {

/// The functions of libarchive that reading needs (these formats and filters, no others), loaded on first use (package
/// libarchive13).
struct ArchiveApi {
  decltype(&::archive_read_new) read_new = nullptr;
  decltype(&::archive_read_free) read_free = nullptr;
  decltype(&::archive_read_support_format_ar) read_support_format_ar = nullptr;
  decltype(&::archive_read_support_format_raw) read_support_format_raw = nullptr;
  decltype(&::archive_read_support_format_zip_seekable) read_support_format_zip = nullptr;
  decltype(&::archive_read_support_filter_xz) read_support_filter_xz = nullptr;
  decltype(&::archive_read_support_filter_bzip2) read_support_filter_bzip2 = nullptr;
  decltype(&::archive_read_set_seek_callback) read_set_seek_callback = nullptr;
  decltype(&::archive_read_set_options) read_set_options = nullptr;
  decltype(&::archive_read_open) read_open = nullptr;
  decltype(&::archive_read_next_header) read_next_header = nullptr;
  decltype(&::archive_read_data) read_data = nullptr;
  decltype(&::archive_error_string) error_string = nullptr;
  decltype(&::archive_set_error) set_error = nullptr;
  decltype(&::archive_entry_pathname) pathname = nullptr;
  decltype(&::archive_entry_hardlink) hardlink = nullptr;
  decltype(&::archive_entry_symlink) symlink = nullptr;
  decltype(&::archive_entry_filetype) filetype = nullptr;
  decltype(&::archive_entry_perm) perm = nullptr;
  decltype(&::archive_entry_uid) uid = nullptr;
  decltype(&::archive_entry_gid) gid = nullptr;
  decltype(&::archive_entry_mtime) mtime = nullptr;
  decltype(&::archive_entry_size) size = nullptr;
  decltype(&::archive_entry_sparse_count) sparse_count = nullptr;

  /// Returns the loaded table; Errc::failed, naming the package, when libarchive is not installed. Thread-safe.
  static Result<const ArchiveApi*> get();
};

}  // namespace slipway::layer
