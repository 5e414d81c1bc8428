#include "cli/pin_explain.h"

#include <gmock/gmock.h>

namespace slipway::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

oci::Descriptor layer(char digit, std::int64_t size) {
  return {"application/vnd.oci.image.layer.v1.tar+gzip", Digest::parse("sha256:" + std::string(64, digit)).value(),
          size};
}

TEST(FactsMarkdown, ComparesLabelsSizesLayersAndPackages) {
  const ImageFacts before{"sha256:1",
                          "1.27.1",
                          "abc",
                          {layer('1', 1024), layer('2', 1024)},
                          {{"gone", "1"}, {"libssl3", "3.0.1"}, {"zlib1g", "1.3"}}};
  const ImageFacts after{"sha256:2",
                         "1.27.2",
                         "",
                         {layer('1', 1024), layer('3', 2048)},
                         {{"libssl3", "3.0.2"}, {"new", "2"}, {"zlib1g", "1.3"}}};
  EXPECT_EQ(facts_markdown(before, after),
            "|  | before | after |\n|---|---|---|\n| digest | sha256:1 | sha256:2 |\n| version | 1.27.1 | 1.27.2 |\n"
            "| revision | abc |  |\n| size | 2.0 KiB | 3.0 KiB |\n| layers | 2 | 2, 1 of them shared |\n\n"
            "Packages that changed: 3 of 3\n\n- libssl3 3.0.1 -> 3.0.2\n- new 2 (new)\n- gone 1 (removed)\n");
}

TEST(FactsMarkdown, TextsOfImagesStayInTheirCells) {
  const ImageFacts before{"sha256:1", "", "", {}, {}};
  const ImageFacts after{"sha256:2", "1 | <img src=x>\n\n# `y`", "", {}, {{"a|b", "[c](d)"}}};
  const std::string text = facts_markdown(before, after);
  EXPECT_THAT(text, HasSubstr("| 1 \\| \\<img src=x\\>"));
  EXPECT_THAT(text, HasSubstr("- a\\|b \\[c\\](d) (new)"));
  EXPECT_THAT(text, Not(HasSubstr("\n# ")));
}

TEST(FactsMarkdown, ALongListOfPackagesIsCut) {
  ImageFacts before{"sha256:1", "", "", {}, {}}, after = before;
  for (int i = 0; i < 45; ++i)
    after.packages.emplace(fmt::format("p{:02}", i), "1");
  EXPECT_THAT(facts_markdown(before, after), testing::EndsWith("- p39 1 (new)\n- and 5 more\n"));
}

}  // namespace
}  // namespace slipway::cli
