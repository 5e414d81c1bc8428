#include "cli/result_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "cli/command_line.h"

namespace slipway::test {
namespace {

using testing::HasSubstr;

class ResultFiles : public testing::Test {
 protected:
  void SetUp() override { line_.write("hello", "#!/bin/true\n"); }
  Outcome build(std::vector<std::string> more) {
    std::vector<std::string> words{"build",      "--base",      "scratch", "--add",     "hello:/hello",
                                   "--platform", "linux/amd64", "--to",    "oci:out:v1"};
    words.insert(words.end(), more.begin(), more.end());
    return line_.run(words);
  }
  CommandLine line_;
};

TEST_F(ResultFiles, DevicesAndPipesAreWrittenInto) {
  const std::string fifo = line_.path("fifo").native();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] {
    const int fd = ::open(fifo.c_str(), O_RDONLY);
    char buffer[200];
    for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
      read.append(buffer, static_cast<std::size_t>(n));
    ::close(fd);
  });
  const Outcome outcome = build({"--digest-file", "fifo", "--metadata-file", "/dev/null"});
  reader.join();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(read, outcome.out.substr(outcome.out.find('@') + 1));
  struct stat info {};
  ASSERT_EQ(::stat(fifo.c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  ASSERT_EQ(::stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(ResultFiles, LinksAreFollowedAndDescriptorsWritten) {
  std::filesystem::create_directory(line_.path("deep"));
  std::filesystem::create_symlink("deep/there", line_.path("link"));
  std::filesystem::create_symlink("link", line_.path("far"));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string descriptor = "/dev/fd/" + std::to_string(ends[1]);
  const Outcome outcome = build({"--digest-file", "far", "--image-refs", descriptor});
  ::close(ends[1]);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::is_symlink(line_.path("far")));
  EXPECT_TRUE(std::filesystem::is_symlink(line_.path("link")));
  EXPECT_EQ(line_.read("deep/there"), outcome.out.substr(outcome.out.find('@') + 1));
  char buffer[200];
  const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
  ::close(ends[0]);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))), outcome.out);
}

TEST_F(ResultFiles, AFolderThatIsMissingIsReportedBeforeTheBuild) {
  const Outcome outcome = build({"--digest-file", "nowhere/digest"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--digest-file nowhere/digest"));
  EXPECT_FALSE(std::filesystem::exists(line_.path("out")));
}

TEST_F(ResultFiles, ManyWritersOfOneFileLoseNothing) {
  const std::string file = line_.path("github").native();
  std::vector<std::thread> writers;
  for (int i = 0; i < 20; ++i)
    writers.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k)
        EXPECT_TRUE(cli::append_to_file(file, fmt::format("digest={}-{}\n", i, k)).has_value());
    });
  for (std::thread& writer : writers)
    writer.join();
  const std::string text = line_.read("github");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 400);
}

}  // namespace
}  // namespace slipway::test
