#include "slipway/base/fs.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "slipway/base/file_batch.h"
#include "slipway/base/rng.h"
#include "slipway/base/temporary.h"
#include "support/power_loss_fs.h"
#include "support/sync_spy.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

TEST(Fs, WritesAtomicallyAndReadsBack) {
  const test::TempDir dir;
  const auto path = dir.path() / "file";
  ASSERT_TRUE(write_file_atomically(real_fs(), path, "one").has_value());
  ASSERT_TRUE(write_file_atomically(real_fs(), path, "two").has_value());
  EXPECT_EQ(read_file(real_fs(), path).value(), "two");
  EXPECT_EQ(real_fs().list(dir.path()).value(), std::vector<std::string>{"file"});
}

TEST(Fs, AtomicWriteLeavesNoTemporaryWhenItFails) {
  const test::TempDir dir;
  ASSERT_TRUE(real_fs().make_directories(dir.path() / "target" / "x").has_value());
  EXPECT_FALSE(write_file_atomically(real_fs(), dir.path() / "target", "text").has_value());
  EXPECT_EQ(real_fs().list(dir.path()).value(), std::vector<std::string>{"target"});
}

TEST(Fs, CodesTellMissingFromBroken) {
  const test::TempDir dir;
  EXPECT_EQ(real_fs().open(dir.path() / "no").error().code, Errc::not_found);
  EXPECT_EQ(real_fs().open(dir.path()).error().code, Errc::failed);
  ASSERT_TRUE(real_fs().create(dir.path() / "a").has_value());
  EXPECT_EQ(real_fs().create(dir.path() / "a").error().code, Errc::already_exists);
  EXPECT_NE(real_fs().open(dir.path() / "no").error().message.find("no"), std::string::npos);
}

TEST(Fs, RefusesSymlinksAndFifosWhereAsked) {
  const test::TempDir dir;
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "file", "x").has_value());
  stdfs::create_symlink("file", dir.path() / "link");
  EXPECT_TRUE(real_fs().open(dir.path() / "link").has_value());
  EXPECT_FALSE(real_fs().open(dir.path() / "link", false).has_value());
  ASSERT_EQ(::mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(real_fs().open(dir.path() / "fifo").has_value());
  EXPECT_EQ(real_fs().stat(dir.path() / "fifo")->type, FileType::fifo);
  EXPECT_EQ(real_fs().stat(dir.path() / "link")->type, FileType::symlink);
  EXPECT_EQ(real_fs().stat(dir.path() / "link", true)->type, FileType::regular);
  EXPECT_EQ(real_fs().read_link(dir.path() / "link").value(), "file");
}

TEST(Fs, MakesDirectoriesOnceAndRefusesFilesInTheWay) {
  const test::TempDir dir;
  EXPECT_TRUE(real_fs().make_directories(dir.path() / "a/b/c").has_value());
  EXPECT_TRUE(real_fs().make_directories(dir.path() / "a/b/c").has_value());
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "f", "x").has_value());
  EXPECT_FALSE(real_fs().make_directories(dir.path() / "f/g").has_value());
}

TEST(Fs, ReadLimitHolds) {
  const test::TempDir dir;
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "f", std::string(100, 'x')).has_value());
  EXPECT_TRUE(read_file(real_fs(), dir.path() / "f", 100).has_value());
  EXPECT_EQ(read_file(real_fs(), dir.path() / "f", 99).error().code, Errc::too_large);
}

TEST(Fs, LockExcludesAnotherProcess) {
  const test::TempDir dir;
  const auto held = dir.path() / "held";
  const auto leaving = dir.path() / "leaving";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto mine = real_fs().lock(dir.path() / "lock");
    bool ok = mine.has_value() && write_file_atomically(real_fs(), held, "x").has_value();
    ::usleep(100'000);
    ok = ok && write_file_atomically(real_fs(), leaving, "x").has_value();
    ::_exit(ok ? 0 : 1);
  }
  while (!real_fs().stat(held).has_value())
    ::usleep(1'000);
  const auto lock = real_fs().lock(dir.path() / "lock");
  EXPECT_TRUE(lock.has_value());
  EXPECT_TRUE(real_fs().stat(leaving).has_value()) << "the lock was given out while another process held it";
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Fs, StaleTemporariesAreThoseOfDeadProcesses) {
  EXPECT_FALSE(is_stale_temporary(temporary_name("d").filename().native()));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_stale_temporary(".tmp-" + std::to_string(child) + "-abc"));
  for (const char* name : {".tmp-", ".tmp-x-y", ".tmp--1-a", ".tmp-12", "other", ".tmp-0-a"}) {
    EXPECT_FALSE(is_stale_temporary(name)) << name;
  }
}

TEST(Fs, ATemporaryThatIsHeldIsNotTaken) {
  const test::TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const stdfs::path file = dir.path() / (".tmp-" + std::to_string(child) + "-a");
  const stdfs::path folder = dir.path() / (".tmp-" + std::to_string(child) + "-b");
  auto writing = real_fs().create(file).value();
  ASSERT_TRUE(real_fs().make_directories(folder));
  auto filling = hold_temporary(folder);
  ASSERT_NE(filling, nullptr);
  EXPECT_EQ(take_stale_temporary(file), nullptr);
  EXPECT_EQ(take_stale_temporary(folder), nullptr);
  writing.reset();
  filling.reset();
  EXPECT_NE(take_stale_temporary(file), nullptr);
  EXPECT_NE(take_stale_temporary(folder), nullptr);
  EXPECT_EQ(take_stale_temporary(temporary_name(dir.path())), nullptr);
}

TEST(Fs, UnnamedFilesLeaveNoNameAndKeepTheirBytes) {
  const test::TempDir dir;
  const auto file = real_fs().create_unnamed(dir.path()).value();
  EXPECT_EQ(real_fs().list(dir.path()).value(), std::vector<std::string>());
  const std::string_view text = "held";
  ASSERT_TRUE(file->write(std::as_bytes(std::span(text))).has_value());
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(file->read_at(buffer, 0).value(), 4u);
  EXPECT_EQ(file->stat()->links, 0u);
  EXPECT_EQ(real_fs().create_unnamed(dir.path() / "no").error().code, Errc::not_found);
}

TEST(Fs, SyncingReachesTheKernelForTheFileThenForItsFolder) {
  const test::TempDir dir;
  const auto folder = stdfs::canonical(dir.path());
  test::take_synced_paths();
  const auto file = real_fs().create(folder / "a").value();
  ASSERT_TRUE(file->sync().has_value());
  EXPECT_EQ(test::take_synced_paths(), std::vector<std::string>{folder / "a"});
  ASSERT_TRUE(real_fs().sync_directory(folder).has_value());
  EXPECT_EQ(test::take_synced_paths(), std::vector<std::string>{folder});
  ASSERT_TRUE(write_file_atomically(real_fs(), folder / "b", "text").has_value());
  const auto paths = test::take_synced_paths();
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_TRUE(stdfs::path(paths[0]).filename().native().starts_with(".tmp-")) << paths[0];
  EXPECT_EQ(paths[1], folder.native());
}

TEST(Fs, AtomicWritesSurviveALossOfPower) {
  const test::TempDir dir;
  test::PowerLossFs fs(dir.path());
  for (const char* text : {"one", "two"}) {
    ASSERT_TRUE(write_file_atomically(fs, dir.path() / "f", text).has_value());
    fs.lose_power();
    EXPECT_EQ(read_file(fs, dir.path() / "f").value(), text);
    EXPECT_EQ(fs.list(dir.path())->size(), 1u);
  }
}

TEST(Fs, ABatchOfFilesSurvivesALossOfPowerAndSyncsEachFolderOnce) {
  const test::TempDir dir;
  const auto folder = stdfs::canonical(dir.path());
  test::PowerLossFs fs(folder);
  for (const char* name : {"a", "b"})
    ASSERT_TRUE(make_durable_directories(fs, folder / name).has_value());
  std::vector<FileContent> files;
  for (int i = 0; i < 20; ++i)
    files.push_back({folder / (i % 2 == 0 ? "a" : "b") / std::to_string(i), "text", 0640});
  test::take_synced_paths();
  ASSERT_TRUE(write_files_atomically(fs, files).has_value());
  EXPECT_EQ(test::take_synced_paths().size(), files.size() + 2);
  EXPECT_EQ(fs.stat(files[0].path, false)->mode, 0640u);
  fs.lose_power();
  for (const FileContent& file : files)
    EXPECT_EQ(read_file(fs, file.path).value_or("(lost)"), "text") << file.path;
  for (FileContent& file : files)
    file.bytes = "other";
  files[7].path = folder / "missing/7";
  EXPECT_EQ(write_files_atomically(fs, files).error().code, Errc::not_found);
  EXPECT_EQ(read_file(fs, files[0].path).value(), "text") << "none is replaced before all are written";
  EXPECT_EQ(fs.list(folder / "b")->size(), 10u) << "no temporary files stay";
}

TEST(Fs, DurableFoldersSurviveALossOfPowerAtEveryLevel) {
  const test::TempDir dir;
  test::PowerLossFs fs(dir.path());
  ASSERT_TRUE(make_durable_directories(fs, dir.path() / "a/b/c").has_value());
  fs.lose_power();
  EXPECT_TRUE(fs.stat(dir.path() / "a/b/c", false).has_value());
  EXPECT_TRUE(make_durable_directories(fs, dir.path() / "a/b/c").has_value());
  ASSERT_TRUE(write_file_atomically(fs, dir.path() / "f", "x").has_value());
  EXPECT_FALSE(make_durable_directories(fs, dir.path() / "f/g").has_value());
}

TEST(PowerLossFs, ForgetsBytesNamesAndFoldersThatWereNotSynced) {
  const test::TempDir dir;
  const auto at = dir.path();
  test::PowerLossFs fs(at);
  const auto put = [&](const stdfs::path& path, bool sync_file) {
    const auto file = fs.create(path, 0644).value();
    const std::string_view text = "text";
    EXPECT_TRUE(file->write(std::as_bytes(std::span(text))).has_value());
    if (sync_file) {
      EXPECT_TRUE(file->sync().has_value());
    }
  };
  put(at / "no-name", true);
  fs.lose_power();
  EXPECT_FALSE(fs.stat(at / "no-name", false).has_value());
  put(at / "no-bytes", false);
  ASSERT_TRUE(fs.sync_directory(at).has_value());
  ASSERT_TRUE(fs.make_directories(at / "no-folder", 0755).has_value());
  put(at / "no-folder/f", true);
  ASSERT_TRUE(fs.sync_directory(at / "no-folder").has_value());
  fs.lose_power();
  EXPECT_EQ(read_file(fs, at / "no-bytes").value(), "");
  EXPECT_FALSE(fs.stat(at / "no-folder", false).has_value());
  ASSERT_TRUE(fs.remove(at / "no-bytes").has_value());
  fs.lose_power();
  EXPECT_TRUE(fs.stat(at / "no-bytes", false).has_value()) << "the removal was not synced";
}

TEST(Fs, AShortWriteIsNotTakenForAWholeOne) {
  const test::TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5, 5};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto file = real_fs().create(dir.path() / "f");
    const std::string_view text = "ten bytes.";
    ::_exit(file.has_value() && !(*file)->write(std::as_bytes(std::span(text))).has_value() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(real_fs(), dir.path() / "f").value(), "ten b") << "the first write was cut";
}

TEST(Fs, ALockIsNeverTakenThroughASymlink) {
  const test::TempDir dir;
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "victim", "x").has_value());
  stdfs::create_symlink("victim", dir.path() / "lock");
  EXPECT_FALSE(real_fs().lock(dir.path() / "lock").has_value());
  stdfs::create_symlink("absent", dir.path() / "dangling");
  EXPECT_FALSE(real_fs().lock(dir.path() / "dangling").has_value());
  EXPECT_FALSE(real_fs().stat(dir.path() / "absent").has_value());
}

TEST(Rng, NamesAreOfTheAlphabetAndDiffer) {
  const std::string a = system_rng().name(16);
  EXPECT_EQ(a.size(), 16u);
  EXPECT_EQ(a.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
  EXPECT_NE(a, system_rng().name(16));
}

}  // namespace
}  // namespace slipway
