#include <gtest/gtest.h>

#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "support/header_example.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

constexpr const char* kHere = "tests/io/header_examples_test.cpp";

// EX compress
Result<Digest> pack(std::string_view tar, io::Sink& blob) {
  io::Hasher plain;
  io::Packing packing;
  packing.lanes = 4;
  packing.plain = &plain;
  SLIPWAY_ASSIGN(const auto sink, io::compressor(packing, blob));
  SLIPWAY_TRY(sink->write(io::as_bytes(tar)));
  SLIPWAY_TRY(sink->finish());  // ends the stream and finishes `blob`
  return plain.finish();        // the diff ID
}
// END

TEST(CompressExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/io/compress.h", kHere);
  io::StringSink blob(1u << 20);
  const std::string text(100'000, 'a');
  EXPECT_EQ(pack(text, blob).value(), io::digest_of(text));
  const auto plain = io::decompressor(std::make_unique<io::StringSource>(blob.take()));
  EXPECT_EQ(io::read_all(*plain, 1u << 20).value(), text);
}

// EX stream
Result<std::uint64_t> store(io::Source& source, File& file, std::stop_token stop) {
  io::FileSink end(file);
  io::HashingSink sink(end);  // file <- hash <- bytes
  SLIPWAY_ASSIGN(const std::uint64_t size, io::copy(source, sink, stop));
  SLIPWAY_TRY(sink.finish());  // now the bytes are on disk
  return size;
}
// END

TEST(StreamExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/io/stream.h", kHere);
  const test::TempDir dir;
  const auto file = real_fs().create(dir.path() / "f");
  ASSERT_TRUE(file);
  io::TextSource source("hello");
  EXPECT_EQ(store(source, **file, {}).value(), 5U);
  EXPECT_EQ(read_file(real_fs(), dir.path() / "f").value(), "hello");
}

}  // namespace
}  // namespace slipway
