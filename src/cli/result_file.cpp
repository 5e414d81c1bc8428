#include "cli/result_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "cli/next_step.h"
#include "slipway/base/posix.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// The number of a descriptor that a path names: /dev/stdout, /dev/fd/3, /proc/self/fd/3.
std::optional<int> descriptor_of(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (path.starts_with(folder)) return parse_whole<int>(std::string_view(path).substr(folder.size()));
  }
  return std::nullopt;
}

/// The path behind symlinks, also one that is not there yet.
Result<stdfs::path> behind_links(FileSystem& fs, stdfs::path path) {
  constexpr int kMostLinks = 40;  // as the kernel's limit
  for (int i = 0; i < kMostLinks; ++i) {
    const auto stat = fs.stat(path);
    if (!stat || stat->type != FileType::symlink) return path;
    SLIPWAY_ASSIGN(const std::string target, fs.read_link(path));
    path = (path.parent_path() / target).lexically_normal();
  }
  return fail(Errc::failed, "cannot write {}: too many symlinks", printable(path.native(), 4096));
}

}  // namespace

Status append_to_file(const stdfs::path& path, const std::string& text) {
  constexpr mode_t kMode = 0644;
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode));
  if (!file) return fail(system_error("open", path, errno));
  return write_all(file.get(), bytes_of(text), path);
}

Status write_result_file(Context& context, const std::string& path, const std::string& text) {
  if (path == "-") return context.print_raw(text);
  const stdfs::path absolute = context.absolute(path);
  if (const auto descriptor = descriptor_of(absolute.native())) return write_all(*descriptor, bytes_of(text), absolute);
  SLIPWAY_ASSIGN(const stdfs::path file, behind_links(context.fs(), absolute));
  const auto stat = context.fs().stat(file, true);
  if (stat && stat->type != FileType::regular) return append_to_file(file, text);
  return write_file_atomically(context.fs(), file, text);
}

Status check_result_file(const Context& context, const std::string& option, const std::string& path) {
  if (path == "-") return {};
  const stdfs::path folder = context.absolute(path).parent_path();
  if (context.fs().stat(folder, true)) return {};
  return fail(error(Errc::invalid_argument, "{} {}: the folder {} does not exist", option, printable(path, 200),
                    printable(folder.native(), 4096))
                  .with_hint(fmt::format("run: mkdir -p {}, or name another file: {} FILE", shell_word(folder.native()),
                                         option)));
}

}  // namespace slipway::cli
