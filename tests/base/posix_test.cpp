#include "slipway/base/posix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <vector>

namespace slipway {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(OwnedFd, ClosesOnceAndMoves) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    OwnedFd first(ends[0]), second(ends[1]);
    OwnedFd moved(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(moved.get(), ends[0]);
    moved = std::move(second);
    EXPECT_FALSE(is_open(ends[0]));
    EXPECT_TRUE(is_open(ends[1]));
  }
  EXPECT_FALSE(is_open(ends[1]));
}

TEST(WriteAll, GoesOnAfterShortWrites) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const OwnedFd reader(ends[0]);
  std::vector<std::byte> sent(1 << 20);
  for (std::size_t i = 0; i < sent.size(); ++i)
    sent[i] = static_cast<std::byte>(i * 31 >> 3);
  std::vector<std::byte> got;
  {
    std::jthread writing([&, fd = ends[1]] {
      const OwnedFd writer(fd);
      EXPECT_TRUE(write_all(writer.get(), sent, "pipe").has_value());
    });
    std::array<std::byte, 5000> buffer{};
    for (ssize_t n = 1; n > 0;) {
      n = ::read(reader.get(), buffer.data(), buffer.size());
      got.insert(got.end(), buffer.begin(), buffer.begin() + std::max<ssize_t>(n, 0));
    }
  }
  EXPECT_EQ(got, sent);
}

TEST(SystemError, CodesTellMissingFromTakenFromBroken) {
  EXPECT_EQ(system_error("open", "a", ENOENT).code, Errc::not_found);
  EXPECT_EQ(system_error("open", "a", ENOTDIR).code, Errc::not_found);
  EXPECT_EQ(system_error("create", "a", EEXIST).code, Errc::already_exists);
  EXPECT_EQ(system_error("read", "a\nb", EIO).describe(), "cannot read a\\nb: Input/output error");
  EXPECT_EQ(system_error("write", "a", ENOSPC).code, Errc::failed);
  EXPECT_NE(system_error("write", "a", ENOSPC).hint, "");
}

}  // namespace
}  // namespace slipway
