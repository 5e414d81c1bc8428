#include "layer/archive_api.h"

#include <type_traits>

#include "slipway/base/shared_library.h"

namespace slipway::layer {
namespace {

template <class F>
Status bind(const SharedLibrary& library, const char* name, F& out) {
  return library.bind<std::remove_pointer_t<F>>(name, out);
}

Result<ArchiveApi> load() {
  SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libarchive.so.13", "libarchive13"));
  ArchiveApi api;
  SLIPWAY_TRY(bind(library, "archive_read_new", api.read_new));
  SLIPWAY_TRY(bind(library, "archive_read_free", api.read_free));
  SLIPWAY_TRY(bind(library, "archive_read_support_format_tar", api.read_support_format_tar));
  SLIPWAY_TRY(bind(library, "archive_read_support_format_ar", api.read_support_format_ar));
  SLIPWAY_TRY(bind(library, "archive_read_support_format_raw", api.read_support_format_raw));
  SLIPWAY_TRY(bind(library, "archive_read_support_format_zip_seekable", api.read_support_format_zip));
  SLIPWAY_TRY(bind(library, "archive_read_support_filter_xz", api.read_support_filter_xz));
  SLIPWAY_TRY(bind(library, "archive_read_support_filter_bzip2", api.read_support_filter_bzip2));
  SLIPWAY_TRY(bind(library, "archive_read_set_seek_callback", api.read_set_seek_callback));
  SLIPWAY_TRY(bind(library, "archive_read_set_options", api.read_set_options));
  SLIPWAY_TRY(bind(library, "archive_read_open", api.read_open));
  SLIPWAY_TRY(bind(library, "archive_read_next_header", api.read_next_header));
  SLIPWAY_TRY(bind(library, "archive_read_header_position", api.read_header_position));
  SLIPWAY_TRY(bind(library, "archive_read_data", api.read_data));
  SLIPWAY_TRY(bind(library, "archive_error_string", api.error_string));
  SLIPWAY_TRY(bind(library, "archive_set_error", api.set_error));
  SLIPWAY_TRY(bind(library, "archive_entry_pathname", api.pathname));
  SLIPWAY_TRY(bind(library, "archive_entry_hardlink", api.hardlink));
  SLIPWAY_TRY(bind(library, "archive_entry_symlink", api.symlink));
  SLIPWAY_TRY(bind(library, "archive_entry_filetype", api.filetype));
  SLIPWAY_TRY(bind(library, "archive_entry_perm", api.perm));
  SLIPWAY_TRY(bind(library, "archive_entry_uid", api.uid));
  SLIPWAY_TRY(bind(library, "archive_entry_gid", api.gid));
  SLIPWAY_TRY(bind(library, "archive_entry_mtime", api.mtime));
  SLIPWAY_TRY(bind(library, "archive_entry_size", api.size));
  SLIPWAY_TRY(bind(library, "archive_entry_rdevmajor", api.rdevmajor));
  SLIPWAY_TRY(bind(library, "archive_entry_rdevminor", api.rdevminor));
  SLIPWAY_TRY(bind(library, "archive_entry_sparse_count", api.sparse_count));
  SLIPWAY_TRY(bind(library, "archive_entry_xattr_reset", api.xattr_reset));
  SLIPWAY_TRY(bind(library, "archive_entry_xattr_next", api.xattr_next));
  return api;
}

}  // namespace

Result<const ArchiveApi*> archive_api() {
  static const Result<ArchiveApi> api = load();
  if (!api) return fail(api.error());
  return &*api;
}

}  // namespace slipway::layer
