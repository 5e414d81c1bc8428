#include "cli/streams.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "slipway/io/filters.h"

namespace slipway::cli {

Result<std::size_t> StandardInput::read(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return fail(Errc::failed, "cannot read standard input: {}", std::strerror(errno));
  }
}

Status StandardOutput::write(io::Bytes bytes) {
  if (surroundings_.write_out(io::as_text(bytes))) return {};
  return fail(Errc::failed, "cannot write to standard output");
}

Result<std::unique_ptr<io::Source>> open_input(const Context& context, const std::string& path) {
  if (path == "-") return std::unique_ptr<io::Source>(std::make_unique<StandardInput>());
  SLIPWAY_ASSIGN(auto file, context.fs().open(context.absolute(path)));
  return std::unique_ptr<io::Source>(std::make_unique<io::FileSource>(std::move(file)));
}

Result<std::string> read_input(const Context& context, const std::string& path, std::size_t limit) {
  if (path != "-") return read_file(context.fs(), context.absolute(path), limit);
  std::string text = context.surroundings().read_in();
  if (text.size() <= limit) return text;
  return fail(error(Errc::too_large, "standard input has more than {} bytes", limit)
                  .with_hint("name a smaller file in its place"));
}

stdfs::path temporary_folder(const Surroundings& surroundings) {
  const auto folder = surroundings.env("TMPDIR");
  return folder && !folder->empty() ? *folder : "/tmp";
}

}  // namespace slipway::cli
