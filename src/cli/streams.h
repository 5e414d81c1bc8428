#pragma once

#include <memory>
#include <string>

#include "cli/context.h"
#include "slipway/io/stream.h"

namespace slipway::cli {

/// Standard input, read as it comes.
class StandardInput final : public io::Source {
 public:
  Result<std::size_t> read(std::span<std::byte> buffer) override;
};

/// Standard output. finish() does nothing.
class StandardOutput final : public io::Sink {
 public:
  /// `surroundings` are kept alive by the caller.
  explicit StandardOutput(const Surroundings& surroundings) : surroundings_(surroundings) {}
  Status write(io::Bytes bytes) override;
  Status finish() override { return {}; }

 private:
  const Surroundings& surroundings_;
};

/// Opens a file that the user named for reading; "-" is standard input.
Result<std::unique_ptr<io::Source>> open_input(const Context& context, const std::string& path);

/// Reads a text file that the user named, at most `limit` bytes; "-" is standard input. Errc::too_large.
Result<std::string> read_input(const Context& context, const std::string& path, std::size_t limit);

/// Returns the folder for files that wait: $TMPDIR, else /tmp.
stdfs::path temporary_folder(const Surroundings& surroundings);

}  // namespace slipway::cli
