#include "builder/sqlite_api.h"

#include "slipway/base/shared_library.h"

namespace slipway::builder {
namespace {

Result<SqliteApi> load() {
  SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libsqlite3.so.0", "libsqlite3-0"));
  SqliteApi api;
  SLIPWAY_TRY(library.bind({{"sqlite3_open_v2", api.open},
                            {"sqlite3_close", api.close},
                            {"sqlite3_deserialize", api.deserialize},
                            {"sqlite3_prepare_v2", api.prepare},
                            {"sqlite3_step", api.step},
                            {"sqlite3_finalize", api.finalize},
                            {"sqlite3_column_blob", api.blob},
                            {"sqlite3_column_bytes", api.bytes},
                            {"sqlite3_errmsg", api.message}}));
  return api;
}

}  // namespace

Result<const SqliteApi*> SqliteApi::get() { return loaded_once(load); }

}  // namespace slipway::builder
