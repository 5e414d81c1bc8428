#include "slipway/run/unpack.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/layered_image.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using image::file;
using image::folder;
using image::hardlink;
using image::LayerEntries;
using image::opaque;
using image::other;
using image::symlink;
using image::whiteout;
using layer::EntryType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Unpack : public testing::Test {
 protected:
  Unpack() { EXPECT_TRUE(write_file_atomically(real_fs(), outside_, "untouched")); }
  ~Unpack() override { EXPECT_EQ(content(outside_), "untouched"); }

  Result<Unpacked> unpack(const std::vector<LayerEntries>& layers) {
    auto image = images_.make(layers);
    auto list = image::merge_files(images_.store, image);
    if (!list) return fail(std::move(list).error());
    return unpack_image(real_fs(), images_.store, image, *list, root_, {});
  }
  /// Unpacking fails with this in its message, and nothing is left of it.
  void refused(const std::vector<LayerEntries>& layers, const std::string& why, Errc code = Errc::malformed) {
    const auto done = unpack(layers);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, code) << done.error().describe();
    EXPECT_THAT(done.error().describe(), HasSubstr(why));
    EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
  }
  static std::string content(const stdfs::path& path) { return read_file(real_fs(), path).value_or("(none)"); }
  struct stat status(const std::string& path) {
    struct stat st {};
    EXPECT_EQ(::lstat((root_ / path).c_str(), &st), 0) << path;
    return st;
  }
  /// The folder that is being filled.
  stdfs::path temporary() {
    const auto names = *real_fs().list(dir_.path());
    const auto found =
        std::find_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with(".tmp-"); });
    EXPECT_NE(found, names.end());
    return found == names.end() ? stdfs::path() : dir_.path() / *found;
  }
  /// Every path below the root, sorted, folders with a slash.
  std::vector<std::string> tree() {
    std::vector<std::string> paths;
    for (const auto& entry :
         stdfs::recursive_directory_iterator(root_, stdfs::directory_options::skip_permission_denied)) {
      const bool is_folder = entry.is_directory() && !entry.is_symlink();
      paths.push_back(entry.path().lexically_relative(root_).native() + (is_folder ? "/" : ""));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  test::TempDir dir_;
  const stdfs::path root_ = dir_.path() / "root";
  const stdfs::path outside_ = dir_.path() / "outside";
  image::LayeredImages images_;
};

TEST_F(Unpack, LayersBecomeOneTree) {
  const auto done =
      unpack({{folder("etc"), file("etc/a", "one"), file("etc/b", "two"), folder("old"), file("old/x", "x")},
              {file("etc/a", "three!"), whiteout("etc/b"), opaque("old"), file("old/y", "y")}});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_THAT(tree(), ElementsAre("etc/", "etc/a", "old/", "old/y"));
  EXPECT_EQ(content(root_ / "etc/a"), "three!");
  EXPECT_EQ(done->paths, 4u);
  EXPECT_EQ(done->bytes, 7u);
}

TEST_F(Unpack, CompressedLayersAreTheSame) {
  images_.compressed = true;
  ASSERT_TRUE(unpack({{file("a", std::string(300'000, 'a'))}, {file("b", "b")}}));
  EXPECT_EQ(content(root_ / "a"), std::string(300'000, 'a'));
}

TEST_F(Unpack, ModesTimesAndLinksAreKept) {
  layer::FileEntry timed = file("dir/file", "x", 0640);
  timed.mtime = 1'500'000'000;
  layer::FileEntry closed = folder("dir", 0500);
  closed.mtime = 1'400'000'000;
  layer::FileEntry pointer = symlink("pointer", "dir/file");
  pointer.mtime = 1'300'000'000;
  ASSERT_TRUE(
      unpack({{closed, timed, hardlink("second", "dir/file"), pointer, other(EntryType::fifo, "pipe", {}, 0620)}}));
  EXPECT_EQ(status("dir").st_mode, S_IFDIR | 0500u);
  EXPECT_EQ(status("dir").st_mtim.tv_sec, 1'400'000'000);
  EXPECT_EQ(status("dir/file").st_mode, S_IFREG | 0640u);
  EXPECT_EQ(status("dir/file").st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(status("dir/file").st_ino, status("second").st_ino);
  EXPECT_EQ(*real_fs().read_link(root_ / "pointer"), "dir/file");
  EXPECT_EQ(status("pointer").st_mtim.tv_sec, 1'300'000'000);
  EXPECT_EQ(status("pipe").st_mode, S_IFIFO | 0620u);
  EXPECT_EQ(status("").st_mode, S_IFDIR | 0755u);
}

// The first name of a file may go in a later layer; the others stay one file.
TEST_F(Unpack, HardLinksOutliveTheirFirstName) {
  ASSERT_TRUE(unpack({{file("a", "x"), hardlink("b", "a"), hardlink("c", "b")}, {whiteout("a")}}));
  EXPECT_THAT(tree(), ElementsAre("b", "c"));
  EXPECT_EQ(status("b").st_ino, status("c").st_ino);
  EXPECT_EQ(content(root_ / "c"), "x");
}

TEST_F(Unpack, OwnersAndSetuidBitsGoTogether) {
  layer::FileEntry setuid = file("su", "x", 04755);
  setuid.uid = 4321;
  const auto done = unpack({{setuid}});
  ASSERT_TRUE(done);
  if (::geteuid() == 0) {
    EXPECT_EQ(status("su").st_uid, 4321u);
    EXPECT_EQ(status("su").st_mode, S_IFREG | 04755u);
    EXPECT_THAT(done->notes, IsEmpty());
  } else {
    EXPECT_EQ(status("su").st_mode, S_IFREG | 0755u);
    EXPECT_THAT(done->notes, ElementsAre(HasSubstr("1 files belong to this user")));
  }
}

TEST_F(Unpack, Row051_OwnFilesLoseTheirSetuidBits) {
  layer::FileEntry setuid = file("su", "x", 06755);
  setuid.uid = 4321;
  const auto image = images_.make({{setuid}});
  const auto list = *image::merge_files(images_.store, image);
  const auto done = unpack_image(real_fs(), images_.store, image, list, root_, {.lanes = 1, .keep_owners = false});
  ASSERT_TRUE(done);
  EXPECT_THAT(done->notes, IsEmpty());
  EXPECT_EQ(status("su").st_uid, ::geteuid());
  EXPECT_EQ(status("su").st_mode, S_IFREG | 0755u);
}

bool has_xattr(const stdfs::path& path, const char* name) { return ::lgetxattr(path.c_str(), name, nullptr, 0) >= 0; }

TEST_F(Unpack, AttributesOfThisMachineAreNotSet) {
  layer::FileEntry marked = file("marked", "x");
  marked.xattrs = {{"trusted.overlay.opaque", "y"}, {"security.selinux", "x"}, {"user.kept", "z"}};
  const auto done = unpack({{marked}});
  ASSERT_TRUE(done);
  EXPECT_FALSE(has_xattr(root_ / "marked", "trusted.overlay.opaque"));
  EXPECT_FALSE(has_xattr(root_ / "marked", "security.selinux"));
  const bool noted = testing::Matches(testing::Contains(HasSubstr("attributes")))(done->notes);
  EXPECT_NE(has_xattr(root_ / "marked", "user.kept"), noted) << "kept, or said that this file system cannot";
}

TEST_F(Unpack, AnEmptyFolderIsTakenAndAFullOneRefused) {
  ASSERT_TRUE(real_fs().make_directories(root_));
  ASSERT_TRUE(unpack({{file("a", "x")}}));
  const auto again = unpack({{file("b", "x")}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::already_exists);
  EXPECT_THAT(tree(), ElementsAre("a"));
  const auto over_file = unpack_image(real_fs(), images_.store, images_.make({}), {}, outside_, {});
  ASSERT_FALSE(over_file);
  EXPECT_EQ(over_file.error().code, Errc::already_exists);
}

TEST_F(Unpack, ASymlinkAsTheFolderIsRefused) {
  stdfs::create_directory(dir_.path() / "elsewhere");
  stdfs::create_directory_symlink(dir_.path() / "elsewhere", root_);
  const auto done = unpack({{file("a", "x")}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::already_exists);
  EXPECT_THAT(*real_fs().list(dir_.path() / "elsewhere"), IsEmpty());
}

TEST_F(Unpack, LyingLayersLeaveNothing) {
  auto image = images_.make({{file("a", "x")}, {file("b", "y")}},
                            [](oci::ImageConfig& config) { config.diff_ids[1] = io::digest_of("another tar"); });
  const auto list = *image::merge_files(images_.store, images_.make({{file("a", "x")}, {file("b", "y")}}));
  const auto done = unpack_image(real_fs(), images_.store, image, list, root_, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::verification_failed);
  EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
}

TEST_F(Unpack, AListOfAnotherImageIsNoticed) {
  const auto image = images_.make({{file("a", "x")}});
  for (const LayerEntries& foreign : {LayerEntries{file("b", "x")}, LayerEntries{file("a", "longer")}}) {
    const auto list = *image::merge_files(images_.store, images_.make({foreign}));
    const auto done = unpack_image(real_fs(), images_.store, image, list, root_, {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::verification_failed);
    EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
  }
}

TEST_F(Unpack, StopsWhenAsked) {
  const auto image = images_.make({{folder("closed", 0), file("closed/a", "x")}});
  const auto list = *image::merge_files(images_.store, image);
  std::stop_source stop;
  stop.request_stop();
  const auto done = unpack_image(real_fs(), images_.store, image, list, root_, {}, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::cancelled);
  EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
}

/// A place that does something the moment a layer is asked for.
class Swapping final : public store::ReadTarget {
 public:
  explicit Swapping(store::ReadTarget& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return inner_.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return inner_.exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    on_fetch();
    return inner_.fetch(descriptor);
  }
  std::function<void()> on_fetch;

 private:
  store::ReadTarget& inner_;
};

/// A list that no merger makes, as in a damaged record.
image::FileList forged(const std::vector<std::pair<std::string, std::string>>& edits) {
  image::LayeredImages images;
  std::string text =
      image::merge_files(images.store, images.make({{folder("dir"), file("dir/a", "x"), symlink("link", "/")}}))
          ->serialize();
  for (const auto& [from, to] : edits) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << text;
    text.replace(at, from.size(), to);
  }
  return image::FileList::parse(text).value_or(image::FileList());
}

TEST_F(Unpack, ForgedListsReachNothingOutside) {
  const auto image = images_.make({{folder("dir"), file("dir/a", "x")}});
  for (const char* path : {"../../outside", "..//outside"}) {
    const auto list = forged({{"dir/a", path}});
    if (list.size() == 0) continue;
    EXPECT_FALSE(unpack_image(real_fs(), images_.store, image, list, root_, {}));
    EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
  }
}

// Tars that are refused, with the numbers of the list of hostile inputs in tests/layer and tests/image.
TEST_F(Unpack, Row043_DotDotStaysInside) {
  ASSERT_TRUE(unpack({{file("../outside", "1"), file("a/../../b", "2"), file("./../c", "3"), file("..", "owned")}}));
  EXPECT_THAT(tree(), ElementsAre("b", "c", "outside"));
  EXPECT_EQ(content(root_ / "outside"), "1");
}

TEST_F(Unpack, Row044_AbsolutePathsStayInside) {
  ASSERT_TRUE(unpack({{file("/etc/passwd", "x"), file("C:\\x", "y")}}));
  EXPECT_THAT(tree(), ElementsAre("C:\\x", "etc/", "etc/passwd"));
}

TEST_F(Unpack, Row045_FilesThroughSymlinksStayInside) {
  // One layer's symlink out, the next one's file through it: it lands below the root, as the image means it.
  const std::string out = dir_.path().native();
  ASSERT_TRUE(unpack({{symlink("out", out)}, {file("out/outside", "inside")}}));
  EXPECT_EQ(content(root_.native() + outside_.native()), "inside");
}

TEST_F(Unpack, Row045_FilesThroughSymlinksOfTheirOwnLayerStayInside) {
  ASSERT_TRUE(unpack({{symlink("out", dir_.path().native()), file("out/outside", "inside")}}));
  EXPECT_EQ(content(root_.native() + outside_.native()), "inside");
}

TEST_F(Unpack, Row046_TheRootIsNoSymlink) {
  ASSERT_TRUE(unpack(
      {{symlink("/.", dir_.path().native()), symlink(".", dir_.path().native()), symlink("/", dir_.path().native())},
       {file("outside", "inside")}}));
  EXPECT_THAT(tree(), ElementsAre("outside"));
}

TEST_F(Unpack, Row047_ChainsOfSymlinksStayInside) {
  ASSERT_TRUE(unpack({{symlink("a", "b"), symlink("b", "c/.."), symlink("c", "../../.."), folder("d")},
                      {file("a/outside", "inside")}}));
  EXPECT_EQ(content(root_ / "outside"), "inside");
}

TEST_F(Unpack, Row048_HardLinksNameFilesOfTheImage) {
  for (const char* target : {"../outside", "/etc/shadow", "later", "stolen"})
    refused({{hardlink("stolen", target), file("later", "x")}}, "which is neither in its layer before it");
  refused({{symlink("out", "/etc"), hardlink("stolen", "out/passwd")}}, "which is neither in its layer before it");
  ASSERT_TRUE(unpack({{file("a", "x")}, {hardlink("b", "a"), hardlink("c", "../a")}, {whiteout("a")}}));
  EXPECT_THAT(tree(), ElementsAre("b", "c"));
  EXPECT_EQ(status("b").st_ino, status("c").st_ino);
  EXPECT_EQ(content(root_ / "c"), "x");
}

TEST_F(Unpack, Row049_AFolderSwappedForASymlinkIsNotFollowed) {
  const auto image = images_.make({{folder("dir"), file("dir/outside", "owned")}});
  const auto list = *image::merge_files(images_.store, image);
  Swapping store(images_.store);
  store.on_fetch = [this] {
    stdfs::remove(temporary() / "dir");
    stdfs::create_directory_symlink(dir_.path(), temporary() / "dir");
  };
  const auto done = unpack_image(real_fs(), store, image, list, root_, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict) << done.error().describe();
  EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
}

TEST_F(Unpack, ASymlinkPutWhereAFileGoesIsNotFollowed) {
  const auto image = images_.make({{folder("dir"), file("dir/a", "owned")}});
  const auto list = *image::merge_files(images_.store, image);
  Swapping store(images_.store);
  store.on_fetch = [this] { stdfs::create_symlink(outside_, temporary() / "dir/a"); };
  const auto done = unpack_image(real_fs(), store, image, list, root_, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict) << done.error().describe();
  EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside"));
}

TEST_F(Unpack, NobodyElseMayLookIntoATreeThatIsBeingFilled) {
  const auto image = images_.make({{folder("dir", 0777), file("dir/a", "x", 0777)}});
  const auto list = *image::merge_files(images_.store, image);
  Swapping store(images_.store);
  std::uint32_t root = 0, inner = 0;
  store.on_fetch = [&] {
    root = real_fs().stat(temporary())->mode;
    inner = real_fs().stat(temporary() / "dir")->mode;
  };
  ASSERT_TRUE(unpack_image(real_fs(), store, image, list, root_, {}));
  EXPECT_EQ(root, 0700u);
  EXPECT_EQ(inner, 0700u);
  EXPECT_EQ(status("").st_mode, S_IFDIR | 0755u);
  EXPECT_EQ(status("dir").st_mode, S_IFDIR | 0777u);
}

/// Something of each kind that a step can fail at.
std::vector<LayerEntries> every_kind() {
  layer::FileEntry marked = file("dir/marked", std::string(100'000, 'm'), 0640);
  marked.xattrs = {{"user.a", "b"}};
  return {{folder("closed", 0), file("closed/a", "x"), folder("dir"), marked, hardlink("dir/second", "dir/marked")},
          {symlink("pointer", "dir/marked"), other(EntryType::fifo, "pipe", {}, 0620)}};
}

TEST_F(Unpack, AFaultAtAnyStepLeavesNothing) {
  ASSERT_TRUE(unpack(every_kind()));
  const auto all = tree();
  ASSERT_TRUE(remove_tree(real_fs(), root_));
  const auto image = images_.make(every_kind());
  const auto list = *image::merge_files(images_.store, image);
  int failures = 0;
  for (std::uint64_t step = 1;; ++step) {
    test::FaultFs fs;
    fs.fail_at(step, Error(Errc::failed, "no space"));
    const auto done = unpack_image(fs, images_.store, image, list, root_, {.lanes = 1});
    if (fs.steps() < step) break;
    // An owner or attribute that cannot be set is a note, not a failure.
    if (done) {
      EXPECT_EQ(tree(), all) << "step " << step;
      ASSERT_TRUE(remove_tree(real_fs(), root_));
    } else {
      ++failures;
    }
    EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside")) << "step " << step;
  }
  EXPECT_GT(failures, 20);
}

TEST_F(Unpack, AFullDiskLeavesNothing) {
  const auto image = images_.make(every_kind());
  const auto list = *image::merge_files(images_.store, image);
  for (std::uint64_t step = 1;; ++step) {
    test::FaultFs fs;
    fs.fill_at(step);
    const auto done = unpack_image(fs, images_.store, image, list, root_, {.lanes = 1});
    if (fs.steps() < step) break;
    EXPECT_FALSE(done) << "step " << step;
    EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside")) << "step " << step;
  }
}

TEST_F(Unpack, KilledAtAnyStepItShowsNothingAndTheNextOneClears) {
  ASSERT_TRUE(unpack(every_kind()));
  const auto all = tree();
  ASSERT_TRUE(remove_tree(real_fs(), root_));
  const auto image = images_.make(every_kind());
  const auto list = *image::merge_files(images_.store, image);
  const int deaths = test::kill_at_every_step(
      [&](FileSystem& fs) { return unpack_image(fs, images_.store, image, list, root_, {.lanes = 1}).has_value(); },
      [&](int step) { EXPECT_FALSE(real_fs().stat(root_).has_value()) << "step " << step; });
  EXPECT_GT(deaths, 20);
  EXPECT_EQ(tree(), all);
  EXPECT_THAT(*real_fs().list(dir_.path()), ElementsAre("outside", "root")) << "nothing of the killed ones";
}

/// Chains of folders, each folder in the one before, with a file in each behind the next folder.
LayerEntries chains(int count, int depth) {
  LayerEntries entries;
  for (int chain = 0; chain < count; ++chain) {
    std::vector<std::string> paths = {std::to_string(chain)};
    for (int i = 1; i < depth; ++i)
      paths.push_back(paths.back() + "/a");
    for (const std::string& path : paths)
      entries.push_back(folder(path));
    std::reverse(paths.begin(), paths.end());
    for (const std::string& path : paths)
      entries.push_back(file(path + "/z", "x"));
  }
  return entries;
}

/// Lowers the number of files that may be open at once.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit now{most, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Unpack, DeepFoldersAreOpenedAFewTimesEach) {
  constexpr int kChains = 2, kDepth = 300;
  auto image = images_.make({chains(kChains, kDepth)});
  const auto list = image::merge_files(images_.store, image);
  ASSERT_TRUE(list) << list.error().describe();
  test::FaultFs fs;
  const FewDescriptors few(250);
  const auto done = unpack_image(fs, images_.store, image, *list, root_, {});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->paths, 2u * kChains * kDepth);
  EXPECT_LE(fs.folders_opened(), 9u * kChains * kDepth);
  const std::uint64_t unpacked = fs.folders_opened();
  ASSERT_TRUE(remove_tree(fs, root_));
  EXPECT_FALSE(stdfs::exists(root_));
  EXPECT_LE(fs.folders_opened() - unpacked, 4u * kChains * kDepth);
}

TEST_F(Unpack, ALaterUnpackingLeavesTheTemporaryFoldersOfLivingProcesses) {
  const stdfs::path living = temporary_name(dir_.path());
  ASSERT_TRUE(real_fs().make_directories(living));
  ASSERT_TRUE(unpack({{file("a", "x")}}));
  EXPECT_TRUE(real_fs().stat(living).has_value());
}

TEST_F(Unpack, Row050_FoldersOverSymlinksChangeNoModeOutside) {
  const auto before = real_fs().stat(dir_.path())->mode;
  ASSERT_TRUE(unpack({{symlink("dir", dir_.path().native())}, {folder("dir", 0777), file("dir/outside", "inside")}}));
  EXPECT_EQ(real_fs().stat(dir_.path())->mode, before);
  EXPECT_EQ(content(root_ / "dir/outside"), "inside");
}

TEST_F(Unpack, Row052_DevicesAreMadeByRootOnly) {
  layer::FileEntry null = other(EntryType::char_device, "null", {}, 0666);
  null.device_major = 1;
  null.device_minor = 3;
  const auto done = unpack({{null, file("a", "x")}});
  ASSERT_TRUE(done) << done.error().describe();
  // The machine is asked, not the answer: some let not even root make devices.
  const bool may = ::mknod((dir_.path() / "probe").c_str(), S_IFCHR | 0666u, ::makedev(1, 3)) == 0;
  if (!may) {
    EXPECT_THAT(done->notes, testing::Contains(HasSubstr("1 device nodes left out")));
    EXPECT_THAT(tree(), ElementsAre("a"));
    return;
  }
  EXPECT_THAT(done->notes, IsEmpty());
  EXPECT_EQ(status("null").st_mode, S_IFCHR | 0666u);
  EXPECT_EQ(status("null").st_rdev, ::makedev(1, 3));
}

TEST_F(Unpack, Row053_TheLastOfTwoWins) {
  ASSERT_TRUE(unpack({{file("a", "first one"), file("a", "second")}}));
  EXPECT_EQ(content(root_ / "a"), "second");
}

TEST_F(Unpack, Row054_FilesHaveNothingBelow) { refused({{file("a", "x"), file("a/b", "y")}}, "below"); }

TEST_F(Unpack, Row055_BadWhiteoutsAreRefused) {
  for (const char* path : {".wh.", ".wh..", ".wh...", "dir/.wh...", "dir/.wh.."})
    refused({{file(path, "")}}, "whiteout");
}

TEST_F(Unpack, Row055_WhiteoutsReachNothingThroughSymlinks) {
  ASSERT_TRUE(unpack({{symlink("out", dir_.path().native())}, {whiteout("out/outside")}}));
  EXPECT_EQ(content(outside_), "untouched");
}

TEST_F(Unpack, Row056_OpaqueFoldersKeepTheirOwnLayer) {
  ASSERT_TRUE(unpack({{folder("d"), file("d/low", "x")}, {file("d/early", "x"), opaque("d"), file("d/late", "x")}}));
  EXPECT_THAT(tree(), ElementsAre("d/", "d/early", "d/late"));
}

TEST_F(Unpack, Row065_LongNamesAreRefusedWhole) { refused({{file(std::string(300, 'n'), "x")}}, "255 bytes"); }

}  // namespace
}  // namespace slipway::run
