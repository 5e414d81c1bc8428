#include "builder/debug_split.h"

#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/elf/debug.h"
#include "slipway/elf/object.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kShortestBuildId = 6;  // gdb splits it into ab/cdef

Result<Digest> digest_of(File& file) {
  io::Hasher hasher;
  std::vector<std::byte> buffer(256u << 10);
  for (std::uint64_t at = 0;;) {
    SLIPWAY_ASSIGN(const std::size_t n, file.read_at(buffer, at));
    if (n == 0) return hasher.finish();
    hasher.update(std::span(buffer).first(n));
    at += n;
  }
}

}  // namespace

Result<layer::FileTree> DebugSplitter::split(const layer::FileTree& whole, std::int64_t epoch,
                                             const layer::SpillPlace& spill, const Where& where,
                                             Diagnostics& diagnostics) {
  layer::FileTree tree(spill);
  SLIPWAY_ASSIGN(const auto reader, whole.read());
  for (layer::FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) break;
    if (entry.type == layer::EntryType::regular && !entry.source.empty() && entry.size > 0)
      SLIPWAY_TRY(split_file(entry, where, diagnostics));
    SLIPWAY_TRY(tree.add_entry(std::move(entry)));
  }
  SLIPWAY_TRY(tree.finish(epoch));
  return tree;
}

Status DebugSplitter::split_file(layer::FileEntry& entry, const Where& where, Diagnostics& diagnostics) {
  SLIPWAY_ASSIGN(const auto file, fs_.open(entry.source));
  SLIPWAY_ASSIGN(const bool debuggable, elf::has_debug_info(*file, entry.source));
  if (!debuggable) return {};
  SLIPWAY_ASSIGN(const auto object, elf::read_object(*file, entry.source));
  if (!object) return {};  // an object file
  if (object->build_id.size() < kShortestBuildId) {
    diagnostics.warning(where, fmt::format("{} keeps its debug information: it has no build-id by which that would be "
                                           "found again (link it with -Wl,--build-id)",
                                           printable(entry.source, 4096)));
    return {};
  }
  SLIPWAY_ASSIGN(const Digest digest, digest_of(*file));
  const stdfs::path stripped = folder_ / fmt::format("{}.stripped", digest.hex()),
                    debug = folder_ / fmt::format("{}.debug", digest.hex());
  if (!fs_.stat(stripped) || !fs_.stat(debug)) SLIPWAY_TRY(run_tools(entry.source, object->build_id, stripped, debug));
  SLIPWAY_ASSIGN(entry.seen, fs_.stat(stripped));
  entry.source = stripped.native();
  entry.size = entry.seen.size;
  files_.emplace(object->build_id, DebugFile{"/" + entry.path, debug});
  return {};
}

/// The stripped file comes last: where it is, both are.
Status DebugSplitter::run_tools(const std::string& source, const std::string& build_id, const stdfs::path& stripped,
                                const stdfs::path& debug) {
  SLIPWAY_TRY(fs_.make_directories(folder_));
  const stdfs::path new_stripped = temporary_name(folder_), new_debug = temporary_name(folder_);
  Status done = run({"eu-strip", "-f", new_debug.native(), "-F", build_id.substr(2) + ".debug", "-o",
                     new_stripped.native(), "--", source});
  if (done) done = run({"eu-elfcompress", "-q", "-t", "zlib", "--", new_debug.native()});
  if (done) done = fs_.rename(new_debug, debug);
  if (done) done = fs_.rename(new_stripped, stripped);
  if (done) return {};
  const Status no_rest = fs_.remove(new_debug), no_other = fs_.remove(new_stripped);
  return done;
}

Status DebugSplitter::run(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = std::chrono::minutes(10);
  command.extra_env = {{"LC_ALL", "C"}};
  const auto result = run_command(command, stop_);
  if (!result && result.error().code == Errc::not_found) {
    return fail(Error(Errc::failed, fmt::format("'debug: split' needs {}, which is not there", command.argv[0]))
                    .with_hint("install Debian's package elfutils, or leave 'debug' out"));
  }
  if (!result) return fail(result.error());
  if (result->status == 0) return {};
  return fail(Errc::failed, "{} ended with status {} on {}: {}", command.argv[0], result->status,
              printable(command.argv.back(), 4096), printable(trim(result->err), 300));
}

}  // namespace slipway::builder
