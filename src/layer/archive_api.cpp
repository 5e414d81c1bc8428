#include "layer/archive_api.h"

#include "slipway/base/shared_library.h"

namespace slipway::layer {
namespace {

Result<ArchiveApi> load() {
  SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libarchive.so.13", "libarchive13"));
  ArchiveApi api;
  SLIPWAY_TRY(library.bind({{"archive_read_new", api.read_new},
                            {"archive_read_free", api.read_free},
                            {"archive_read_support_format_ar", api.read_support_format_ar},
                            {"archive_read_support_format_raw", api.read_support_format_raw},
                            {"archive_read_support_format_zip_seekable", api.read_support_format_zip},
                            {"archive_read_support_filter_xz", api.read_support_filter_xz},
                            {"archive_read_support_filter_bzip2", api.read_support_filter_bzip2},
                            {"archive_read_set_seek_callback", api.read_set_seek_callback},
                            {"archive_read_set_options", api.read_set_options},
                            {"archive_read_open", api.read_open},
                            {"archive_read_next_header", api.read_next_header},
                            {"archive_read_data", api.read_data},
                            {"archive_error_string", api.error_string},
                            {"archive_set_error", api.set_error},
                            {"archive_entry_pathname", api.pathname},
                            {"archive_entry_hardlink", api.hardlink},
                            {"archive_entry_symlink", api.symlink},
                            {"archive_entry_filetype", api.filetype},
                            {"archive_entry_perm", api.perm},
                            {"archive_entry_uid", api.uid},
                            {"archive_entry_gid", api.gid},
                            {"archive_entry_mtime", api.mtime},
                            {"archive_entry_size", api.size},
                            {"archive_entry_sparse_count", api.sparse_count}}));
  return api;
}

}  // namespace

Result<const ArchiveApi*> ArchiveApi::get() { return loaded_once(load); }

}  // namespace slipway::layer
