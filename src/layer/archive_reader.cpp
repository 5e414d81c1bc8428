#include "layer/archive_reader.h"

#include <algorithm>
#include <vector>

#include "layer/archive_stream.h"
#include "layer/entry_gate.h"
#include "slipway/base/text.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/layer/plain_tar.h"

namespace slipway::layer {
namespace {

using Format = ArchiveStream::Format;

/// Passes a source on to libarchive.
class SourceInput final : public ArchiveStream::Input {
 public:
  explicit SourceInput(io::Source& source) : source_(source), buffer_(io::kBlock) {}
  Result<io::Bytes> next() override {
    SLIPWAY_ASSIGN(const std::size_t n, source_.read(buffer_));
    return io::Bytes(buffer_).first(n);
  }

 private:
  io::Source& source_;
  std::vector<std::byte> buffer_;
};

/// Passes a file on to libarchive, which may jump in it.
class FileInput final : public ArchiveStream::Input {
 public:
  FileInput(File& file, std::uint64_t size) : file_(file), size_(size), buffer_(io::kBlock) {}
  Result<io::Bytes> next() override {
    SLIPWAY_ASSIGN(const std::size_t n, file_.read_at(buffer_, at_));
    at_ += n;
    return io::Bytes(buffer_).first(n);
  }
  std::optional<std::uint64_t> seek(std::int64_t offset, bool end) override {
    const std::int64_t to = end ? static_cast<std::int64_t>(size_) + offset : offset;
    if (to < 0 || static_cast<std::uint64_t>(to) > size_) return std::nullopt;
    at_ = static_cast<std::uint64_t>(to);
    return at_;
  }

 private:
  File& file_;
  std::uint64_t size_, at_ = 0;
  std::vector<std::byte> buffer_;
};

/// The decompressed bytes of xz or bzip2.
class FilteredSource final : public io::Source {
 public:
  FilteredSource(const ArchiveApi& api, std::unique_ptr<io::Source> inner, Format format, const std::string& what)
      : inner_(std::move(inner)), input_(*inner_), stream_(api, input_, what), format_(format) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!open_) {
      SLIPWAY_TRY(stream_.open(format_));
      SLIPWAY_ASSIGN(const archive_entry* entry, stream_.next());
      over_ = entry == nullptr;
      open_ = true;
    }
    return over_ ? Result<std::size_t>(0) : stream_.data(buffer);
  }

 private:
  std::unique_ptr<io::Source> inner_;
  SourceInput input_;
  ArchiveStream stream_;
  Format format_;
  bool open_ = false;
  bool over_ = false;
};

/// A source that gives some bytes once more before it goes on.
class ReplayedSource final : public io::Source {
 public:
  ReplayedSource(std::string start, std::unique_ptr<io::Source> rest)
      : start_(std::move(start)), rest_(std::move(rest)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (at_ == start_.size()) return rest_->read(buffer);
    const io::Bytes waiting = io::as_bytes(start_).subspan(at_);
    const std::size_t n = std::min(waiting.size(), buffer.size());
    std::copy_n(waiting.begin(), n, buffer.begin());
    at_ += n;
    return n;
  }

 private:
  std::string start_;
  std::unique_ptr<io::Source> rest_;
  std::size_t at_ = 0;
};

/// A source that somebody else owns.
class BorrowedSource final : public io::Source {
 public:
  explicit BorrowedSource(io::Source& source) : source_(source) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return source_.read(buffer); }

 private:
  io::Source& source_;
};

class ArchiveReader {
 public:
  ArchiveReader(const std::string& what, const ReadLimits& limits, const EntryVisitor& visit)
      : what_(what), limits_(limits), visit_(visit) {}

  Status read(std::unique_ptr<File> file) {
    std::string start(8, '\0');
    SLIPWAY_ASSIGN(const std::size_t n, file->read_at(std::as_writable_bytes(std::span(start)), 0));
    start.resize(n);
    if (start.starts_with("PK\3\4") || start.starts_with("PK\5\6")) return zip(*file);
    io::FileSource source(std::move(file));
    if (start == "!<arch>\n") return deb(source);
    return tar(source);
  }

 private:
  /// A tar, compressed or not. `source` outlives the call.
  Status tar(io::Source& source) {
    SLIPWAY_ASSIGN(const auto plain, plain_tar(std::make_unique<BorrowedSource>(source), what_));
    Status read = read_tar(*plain, limits_, visit_);
    if (read || read.error().code != Errc::malformed || !read.error().hint.empty()) return read;
    return fail(std::move(read).error().with_hint(
        "archives may be tar (also in gzip, zstd, xz or bzip2), Debian packages and zip"));
  }

  /// deb(5): an ar of debian-binary, control.tar.*, data.tar.*.
  Status deb(io::Source& source) {
    SLIPWAY_ASSIGN(const ArchiveApi* api, ArchiveApi::get());
    SourceInput input(source);
    ArchiveStream stream(*api, input, what_);
    SLIPWAY_TRY(stream.open(Format::ar));
    for (bool first = true;; first = false) {
      SLIPWAY_ASSIGN(archive_entry * raw, stream.next());
      if (raw == nullptr) return fail(Errc::malformed, "{} is an ar archive without a data.tar", what_);
      const char* text = api->pathname(raw);
      const std::string name = text == nullptr ? "" : text;
      EntryContent content(stream, name, static_cast<std::uint64_t>(std::max<la_int64_t>(0, api->size(raw))));
      if (first) {
        const auto version = io::read_all(content, 64);
        if (name == "debian-binary" && version && version->starts_with("2.")) continue;
        return fail(Error(Errc::malformed, fmt::format("{} is an ar archive, but not a Debian package", what_))
                        .with_hint("archives may be tar, Debian packages and zip"));
      }
      if (name.starts_with("data.tar")) return tar(content);
    }
  }

  Status zip(File& file) {
    SLIPWAY_ASSIGN(const FileStat stat, file.stat());
    SLIPWAY_ASSIGN(const ArchiveApi* api, ArchiveApi::get());
    FileInput input(file, stat.size);
    ArchiveStream stream(*api, input, what_);
    SLIPWAY_TRY(stream.open(Format::zip));
    EntryGate gate(limits_);
    std::uint64_t total = 0;
    while (true) {
      SLIPWAY_ASSIGN(archive_entry * raw, stream.next());
      if (raw == nullptr) return {};
      bool skip = false;
      SLIPWAY_ASSIGN(const tar::Member member, stream.member(raw));
      SLIPWAY_ASSIGN(const FileEntry entry, gate.admit(member, skip));
      if (skip) continue;
      if (entry.size > limits_.max_bytes - total) {
        return fail(Errc::too_large, "{} has more than {}", what_, human_bytes(limits_.max_bytes));
      }
      total += entry.size;
      EntryContent content(stream, entry.path, entry.size);
      SLIPWAY_TRY(visit_(entry, content));
      if (entry.type == EntryType::regular) SLIPWAY_TRY(content.finish());
    }
  }

  const std::string& what_;
  const ReadLimits& limits_;
  const EntryVisitor& visit_;
};

}  // namespace

Result<std::unique_ptr<io::Source>> plain_tar(std::unique_ptr<io::Source> archive, const std::string& what) {
  constexpr std::string_view kXz(
      "\xfd"
      "7zXZ\0",
      6);
  std::string start(kXz.size(), '\0');
  std::size_t got = 0;
  while (got < start.size()) {
    SLIPWAY_ASSIGN(const std::size_t n, archive->read(std::as_writable_bytes(std::span(start)).subspan(got)));
    if (n == 0) break;
    got += n;
  }
  start.resize(got);
  const bool is_xz = start == kXz;
  const bool is_bzip2 = start.starts_with("BZh");
  auto whole = std::make_unique<ReplayedSource>(std::move(start), std::move(archive));
  if (!is_xz && !is_bzip2) return io::decompressor(std::move(whole));
  SLIPWAY_ASSIGN(const ArchiveApi* api, ArchiveApi::get());
  return std::unique_ptr<io::Source>(
      std::make_unique<FilteredSource>(*api, std::move(whole), is_xz ? Format::xz : Format::bzip2, what));
}

Status read_archive(std::unique_ptr<File> file, const std::string& what, const ReadLimits& limits,
                    const EntryVisitor& visit) {
  return ArchiveReader(what, limits, visit).read(std::move(file));
}

}  // namespace slipway::layer
