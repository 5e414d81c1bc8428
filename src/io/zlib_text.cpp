#include "slipway/io/zlib_text.h"

#include <zlib.h>

#include <algorithm>

namespace slipway::io {
namespace {

/// An inflating stream, freed by the destructor.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit(&stream_) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }
  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

Result<std::string> inflate_zlib(std::string_view bytes, std::size_t limit) {
  constexpr std::size_t kPiece = 64u << 10;
  Inflater inflater;
  if (!inflater.ready()) return fail(Errc::failed, "cannot start zlib decompression");
  z_stream& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string piece(kPiece, '\0');
  std::string out;
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = kPiece - stream.avail_out;
    out.append(piece, 0, made);
    if (out.size() > limit) return fail(Errc::too_large, "more than {} bytes come out of a zlib stream", limit);
    if (status == Z_STREAM_END) return out;
    if (status != Z_OK || made == 0) return fail(Errc::malformed, "a zlib stream is damaged or cut off");
  }
}

}  // namespace slipway::io
