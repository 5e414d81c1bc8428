#pragma once

#include <locale.h>

#include <optional>
#include <string>

#include "layer/archive_api.h"
#include "slipway/io/stream.h"
#include "slipway/tar/member.h"

namespace slipway::layer {

/// One archive on its way through libarchive. Every warning is an error. One thread at a time.
class ArchiveStream {
 public:
  /// The source of the bytes.
  class Input {
   public:
    virtual ~Input() = default;
    /// The next bytes, valid until the next call; none at the end.
    virtual Result<io::Bytes> next() = 0;
    /// Goes to a byte, where the input can; nothing where it cannot. `end` counts from the end of the input.
    virtual std::optional<std::uint64_t> seek(std::int64_t /*offset*/, bool /*end*/) { return std::nullopt; }
  };
  enum class Format { ar, zip, xz, bzip2 };  ///< the last two have one entry: what they decompress to

  /// `what` names it in messages; all kept alive by the caller.
  ArchiveStream(const ArchiveApi& api, Input& input, std::string what);
  ArchiveStream(const ArchiveStream&) = delete;
  ArchiveStream& operator=(const ArchiveStream&) = delete;
  ~ArchiveStream();

  Status open(Format format);
  /// nullptr at the end.
  Result<archive_entry*> next();
  /// Content of the entry at hand; 0 at its end.
  Result<std::size_t> data(std::span<std::byte> buffer);
  /// Returns what the archive says of an entry. Errc::malformed for types and numbers that no layer has.
  Result<tar::Member> member(archive_entry* entry) const;

 private:
  static la_ssize_t pull(archive* handle, void* self, const void** bytes);
  static la_int64_t go_to(archive* handle, void* self, la_int64_t offset, int whence);
  Status enable(Format format);
  Status check(int code, std::string_view doing);

  const ArchiveApi& api_;
  Input& input_;
  std::string what_;
  archive* archive_;
  std::int64_t position_ = 0;
  std::optional<Error> error_;
  // Names are converted by the thread's locale, so it gets one that can.
  locale_t utf8_ = nullptr;
  locale_t before_ = nullptr;
};

/// The content of the entry at hand; complains when it is not as long as the header said.
class EntryContent final : public io::Source {
 public:
  EntryContent(ArchiveStream& stream, std::string path, std::uint64_t size)
      : stream_(stream), path_(std::move(path)), left_(size) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  /// Reads what is left, which checks what the archive knows of it.
  Status finish();

 private:
  ArchiveStream& stream_;
  std::string path_;
  std::uint64_t left_;
};

}  // namespace slipway::layer
