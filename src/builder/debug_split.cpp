#include "builder/debug_split.h"

#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/elf/debug.h"
#include "slipway/elf/lint.h"
#include "slipway/elf/object.h"
#include "slipway/elf/strip_proof.h"
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

Status prove(FileSystem& fs, File& whole, const stdfs::path& stripped, const std::string& name,
             std::optional<std::string>& difference) {
  SLIPWAY_ASSIGN(const auto made, fs.open(stripped));
  SLIPWAY_ASSIGN(difference, elf::difference_beyond_debug(whole, *made, name));
  return {};
}

/// A damaged file is packed as it is; only the disk's failures count.
template <class T>
Status kept_as_it_is(const Result<T>& read) {
  if (read || read.error().code == Errc::malformed) return {};
  return fail(read.error());
}

}  // namespace

Result<layer::FileTree> DebugSplitter::split(const layer::FileTree& whole, std::int64_t epoch,
                                             const layer::SpillPlace& spill, const Where& where,
                                             Diagnostics& diagnostics) {
  layer::FileTreeBuilder files(fs_, spill);
  std::map<std::string, stdfs::path> replaced;  // of programs with several names: path in the image -> stripped file
  SLIPWAY_ASSIGN(const auto reader, whole.read());
  for (layer::FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) break;
    if (entry.type == layer::EntryType::hardlink && !entry.source.empty()) {
      // The new tree finds again what its names have in common.
      const auto other = replaced.find(entry.link);
      entry.type = layer::EntryType::regular;
      entry.link.clear();
      entry.size = entry.seen.size;
      // Spelled otherwise: a tree takes one path that is given twice for two files.
      if (other != replaced.end()) SLIPWAY_TRY(replace(entry, folder_ / "." / other->second.filename()));
    } else if (entry.type == layer::EntryType::regular && !entry.source.empty() && entry.size > 0) {
      const std::string source = entry.source;
      SLIPWAY_TRY(split_file(entry, where, diagnostics));
      if (entry.seen.links > 1 && entry.source != source) replaced.emplace(entry.path, entry.source);
    }
    SLIPWAY_TRY(files.add_entry(std::move(entry)));
  }
  SLIPWAY_ASSIGN(layer::FileTree tree, std::move(files).finish(epoch));
  report_embedding(where, diagnostics);
  return tree;
}

Status DebugSplitter::look_at(const std::string& source, const stdfs::path& stripped) {
  if (build_folder_.empty() || !source.starts_with(build_folder_)) return {};
  SLIPWAY_ASSIGN(const auto file, fs_.open(stripped));
  SLIPWAY_ASSIGN(const bool embeds, elf::holds_text(*file, build_folder_));
  if (embeds) embedding_.push_back(printable(source, 4096));
  return {};
}

void DebugSplitter::report_embedding(const Where& where, Diagnostics& diagnostics) {
  if (embedding_.empty()) return;
  constexpr std::size_t kShown = 3;
  std::string message = fmt::format(
      "{}: it has the build folder {} in it, even without debug information "
      "(-ffile-prefix-map takes it out)",
      list_of(embedding_, kShown), build_folder_.substr(0, build_folder_.size() - 1));
  if (strict_) {
    diagnostics.add(Error(Errc::verification_failed, std::move(message)).at(where));
  } else {
    diagnostics.warning(where, std::move(message));
  }
  embedding_.clear();
}

Status DebugSplitter::split_file(layer::FileEntry& entry, const Where& where, Diagnostics& diagnostics) {
  SLIPWAY_ASSIGN(const auto file, fs_.open(entry.source));
  const auto debuggable = elf::has_debug_info(*file, entry.source);
  if (!debuggable || !*debuggable) return kept_as_it_is(debuggable);
  const auto object = elf::read_object(*file, entry.source);
  if (!object || !*object) return kept_as_it_is(object);  // a separate debug file, an object file
  met_debug_info_ = true;
  const auto keeps = [&](std::string_view why) {
    diagnostics.warning(where, fmt::format("{} keeps its debug information: {}", printable(entry.source, 4096), why));
    return Status();
  };
  const std::string& build_id = (*object)->build_id;
  if (build_id.size() < kShortestBuildId)
    return keeps("it has no build-id by which that would be found again (link it with -Wl,--build-id)");
  if (const auto objection = elf::objection_to_stripping(*file, entry.source)) return keeps(*objection);
  SLIPWAY_ASSIGN(const Digest digest, digest_of(*file));
  // Files with several names become one file again by its inode: no two originals may share one.
  const std::string copy = entry.seen.links > 1 ? fmt::format("-{:x}", entry.seen.inode) : "";
  const stdfs::path stripped = folder_ / fmt::format("{}{}.program", digest.hex(), copy),
                    debug = folder_ / fmt::format("{}.debug", digest.hex());
  if (!fs_.stat(stripped) || !fs_.stat(debug)) {
    SLIPWAY_ASSIGN(const auto difference, take_apart(*file, entry.source, build_id, stripped, debug));
    if (difference) return keeps("without it, " + *difference);
  }
  SLIPWAY_TRY(look_at(entry.source, stripped));
  SLIPWAY_TRY(replace(entry, stripped));
  files_.emplace(build_id, DebugFile{"/" + entry.path, debug});
  return {};
}

Status DebugSplitter::replace(layer::FileEntry& entry, const stdfs::path& stripped) const {
  const std::uint64_t links = entry.seen.links;
  SLIPWAY_ASSIGN(entry.seen, fs_.stat(stripped));
  entry.seen.links = links;
  entry.source = stripped.native();
  entry.size = entry.seen.size;
  return {};
}

/// The stripped file comes last: if it is there, both are, and nothing else was lost.
Result<std::optional<std::string>> DebugSplitter::take_apart(File& whole, const std::string& source,
                                                             const std::string& build_id, const stdfs::path& stripped,
                                                             const stdfs::path& debug) {
  SLIPWAY_TRY(fs_.make_directories(folder_));
  const stdfs::path new_stripped = temporary_name(folder_), new_debug = temporary_name(folder_);
  Status done = run({"eu-strip", "-f", new_debug.native(), "-F", build_id.substr(2) + ".debug", "-o",
                     new_stripped.native(), "--", source});
  if (done) done = run({"eu-elfcompress", "-q", "-t", "zlib", "--", new_debug.native()});
  std::optional<std::string> difference;
  if (done) done = prove(fs_, whole, new_stripped, source, difference);
  const bool proved = done && !difference;
  if (proved) done = fs_.rename(new_debug, debug);
  if (proved && done) done = fs_.rename(new_stripped, stripped);
  if (proved && done) return difference;
  const Status no_rest = fs_.remove(new_debug), no_other = fs_.remove(new_stripped);
  if (!done) return fail(std::move(done).error());
  return difference;
}

Status DebugSplitter::run(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = std::chrono::minutes(10);
  command.extra_env = {{"LC_ALL", "C"}};
  const auto result = run_command(command, stop_);
  if (!result && result.error().code == Errc::not_found) {
    return fail(error(Errc::failed, "'debug: split' needs {}, which is not installed", command.argv[0])
                    .with_hint("install Debian's package elfutils, or leave 'debug' out"));
  }
  if (!result) return fail(result.error());
  if (result->status == 0) return {};
  return fail(Errc::failed, "{} ended with status {} on {}: {}", command.argv[0], result->status,
              printable(command.argv.back(), 4096), printable(trim(result->err), 300));
}

}  // namespace slipway::builder
