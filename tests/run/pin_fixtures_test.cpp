// Files of every format in the style of the field, in testdata/pin: NAME as found in a repository, NAME.pinned with the
// bytes that pinning to one digest must make of it.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "run/chart_templates.h"
#include "slipway/base/text.h"
#include "slipway/run/pin.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kDigest = "sha256:" + std::string(64, 'b');
const std::string kOther = "sha256:" + std::string(64, 'c');

/// Gives every reference this digest, those that have one too.
Resolver always(const std::string& digest) {
  return [digest](const oci::Location&) -> Result<std::optional<PinnedReference>> {
    return PinnedReference{std::nullopt, std::nullopt, Digest::parse(digest).value()};
  };
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

PinOptions options() {
  PinOptions options;
  options.templates = templates_beside(real_fs());
  return options;
}

PinReport pinned(const std::string& text, const std::string& file, const std::string& digest) {
  PinReport report = pin_text(text, file, always(digest), options());
  EXPECT_THAT(report.errors, IsEmpty()) << file << ": " << report.errors[0].describe();
  return report;
}

std::vector<std::string> fixtures() {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  std::vector<std::string> files;
  const stdfs::path root = stdfs::path(folder == nullptr ? "testdata" : folder) / "pin";
  for (const auto& entry : stdfs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().native();
    if (path.ends_with(".pinned")) files.push_back(path.substr(0, path.size() - 7));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const std::string& file) { return read_file(real_fs(), file).value_or("(no such file)"); }

TEST(PinFixtures, BecomeTheExpectedBytes) {
  const auto files = fixtures();
  EXPECT_GE(files.size(), 26u);
  for (const std::string& file : files) {
    const PinReport report = pinned(content(file), file, kDigest);
    EXPECT_EQ(report.after, content(file + ".pinned")) << file;
    EXPECT_FALSE(report.format.empty()) << file;
  }
}

// No format is without a file here, so that every property below holds for it.
TEST(PinFixtures, ThereIsOneOfEveryFormat) {
  std::set<std::string> seen;
  for (const std::string& file : fixtures())
    seen.insert(pinned(content(file), file, kDigest).format);
  const auto refused = parse_format_rule("unknown=x");
  ASSERT_FALSE(refused);
  std::string names = refused.error().hint;  // "use --format with one of NAME, NAME..."
  names = names.substr(names.find("one of ") + 7);
  for (const std::string& name : split(replace_all(names, " ", ""), ','))
    EXPECT_TRUE(seen.contains(name)) << name;
}

// A pinned file is pinned, whatever form the digest has in it.
TEST(PinFixtures, PinningTwiceChangesNothing) {
  for (const std::string& file : fixtures()) {
    const PinReport again = pinned(content(file + ".pinned"), file, kDigest);
    EXPECT_FALSE(again.changed()) << file << "\n" << diff_of(again);
    EXPECT_EQ(again.pinned, again.references) << file;
  }
}

TEST(PinFixtures, AnotherDigestReplacesTheOneThatIsThere) {
  for (const std::string& file : fixtures()) {
    const std::string before = content(file + ".pinned");
    const PinReport moved = pinned(before, file, kOther);
    const std::string expected =
        replace_all(replace_all(before, kDigest, kOther), std::string(64, 'b'), std::string(64, 'c'));
    EXPECT_EQ(moved.after, expected) << file;
    EXPECT_FALSE(pinned(moved.after, file, kOther).changed()) << file;
    EXPECT_EQ(pinned(moved.after, file, kDigest).after, before) << file << ": and back again";
  }
}

TEST(PinFixtures, ALockGivesTheSameAndAsksNobodyTheSecondTime) {
  for (const std::string& file : fixtures()) {
    image::Lock lock;
    int asked = 0;
    const auto digest_of = [&asked](const oci::Location&) {
      ++asked;
      return Digest::parse(kDigest);
    };
    const auto resolve = resolve_locked(lock, {"*"}, digest_of);
    ASSERT_TRUE(resolve);
    const PinReport first = pin_text(content(file), file, *resolve, options());
    EXPECT_EQ(first.after, content(file + ".pinned")) << file;
    const auto locked = resolve_locked(lock, {}, digest_of);
    asked = 0;
    EXPECT_FALSE(pin_text(first.after, file, *locked, options()).changed()) << file;
    EXPECT_EQ(asked, 0) << file;
  }
}

TEST(PinFixtures, AnUpdateMovesEveryDigestAndNothingElse) {
  for (const std::string& file : fixtures()) {
    const std::string before = content(file + ".pinned");
    image::Lock lock;
    const auto newer = [](const oci::Location&) { return Digest::parse(kOther); };
    const auto kept = resolve_locked(lock, {}, newer);
    EXPECT_FALSE(pin_text(before, file, *kept, options()).changed()) << file << ": without --update";
    const PinReport moved = pin_text(before, file, *resolve_locked(lock, {"*"}, newer), options());
    const std::string expected =
        replace_all(replace_all(before, kDigest, kOther), std::string(64, 'b'), std::string(64, 'c'));
    EXPECT_EQ(moved.after, expected) << file;
    EXPECT_EQ(moved.unpinned(), moved.left_alone()) << file;
    EXPECT_FALSE(pin_text(moved.after, file, *resolve_locked(lock, {}, newer), options()).changed()) << file;
  }
}

/// Makes every image of a text one app's, released to production as `number`.
Resolver released(const std::vector<oci::Location>& places, const std::string& number, const std::string& digest) {
  return resolve_release({"shop", oci::Location::parse_for_reading("registry.example.com/prod/shop").value(), places,
                          "shop.production-v" + number, Digest::parse(digest).value()});
}

// --env names another repository, tag and digest: all of them stand in the file afterwards, once.
TEST(PinFixtures, AReleaseIsPinnedOnceAndMovesWhereItStands) {
  for (const std::string& file : fixtures()) {
    std::vector<oci::Location> places;
    const Resolver record = [&](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
      places.push_back(written);
      return std::nullopt;
    };
    (void)pin_text(content(file), file, record, options());
    const PinReport first = pin_text(content(file), file, released(places, "3", kDigest), options());
    EXPECT_THAT(first.errors, IsEmpty()) << file;
    EXPECT_EQ(first.pinned, first.references) << file;
    for (const PinChange& change : first.changes)
      EXPECT_EQ(change.after, "registry.example.com/prod/shop:shop.production-v3@" + kDigest) << file;
    const PinReport again = pin_text(first.after, file, released(places, "3", kDigest), options());
    EXPECT_FALSE(again.changed()) << file << "\n" << diff_of(again);
    EXPECT_EQ(again.references, first.references) << file;
    const PinReport next = pin_text(first.after, file, released(places, "4", kOther), options());
    EXPECT_THAT(next.after, testing::Not(HasSubstr("production-v3"))) << file;
    EXPECT_EQ(pin_text(next.after, file, released(places, "3", kDigest), options()).after, first.after) << file;
  }
}

TEST(PinFixtures, LineEndsOfWindowsSurvive) {
  for (const std::string& file : fixtures()) {
    if (file.ends_with(".yaml") || file.ends_with(".json") || file.ends_with("Dockerfile")) {
      const PinReport report = pinned(replace_all(content(file), "\n", "\r\n"), file, kDigest);
      EXPECT_EQ(report.after, replace_all(content(file + ".pinned"), "\n", "\r\n")) << file;
    }
  }
}

}  // namespace
}  // namespace slipway::run
