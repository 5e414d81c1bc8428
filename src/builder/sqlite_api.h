#pragma once

#include <sqlite3.h>

#include "slipway/base/result.h"

namespace slipway::builder {

/// The functions of SQLite that reading a package database needs, loaded on first use (package libsqlite3-0).
struct SqliteApi {
  decltype(&sqlite3_open_v2) open = nullptr;
  decltype(&sqlite3_close) close = nullptr;
  decltype(&sqlite3_deserialize) deserialize = nullptr;
  decltype(&sqlite3_prepare_v2) prepare = nullptr;
  decltype(&sqlite3_step) step = nullptr;
  decltype(&sqlite3_finalize) finalize = nullptr;
  decltype(&sqlite3_column_blob) blob = nullptr;
  decltype(&sqlite3_column_bytes) bytes = nullptr;
  decltype(&sqlite3_errmsg) message = nullptr;

  /// Returns the loaded table; Errc::failed, naming the package, when SQLite is not installed. Thread-safe.
  static Result<const SqliteApi*> get();
};

}  // namespace slipway::builder
