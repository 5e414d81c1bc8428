#include "run/yaml_writer.h"

#include <gmock/gmock.h>

#include "slipway/config/yaml.h"

namespace slipway::run {
namespace {

TEST(YamlWriter, WritesEveryShapeAsKubernetesDoes) {
  const Yaml value =
      Yaml::map({{"kind", Yaml::plain("Pod")},
                 {"inner", Yaml::map({{"text", Yaml::text("a: \"b\"")}})},
                 {"list", Yaml::list({Yaml::map({{"a", Yaml::plain("1")}, {"b", Yaml::list({Yaml::plain("x")})}})})},
                 {"indented", Yaml::list({Yaml::flow({{"c", Yaml::plain("2")}, {"d", Yaml::text("e")}})}, true)}});
  EXPECT_EQ(
      write_yaml(value),
      "kind: Pod\ninner:\n  text: \"a: \\\"b\\\"\"\nlist:\n- a: 1\n  b:\n  - x\nindented:\n  - {c: 2, d: \"e\"}\n");
}

TEST(YamlWriter, LeavesOutEmptyMembers) {
  const Yaml value = Yaml::map({{"a", Yaml::map({})}, {"b", Yaml::list({})}, {"c", Yaml::plain("1")}});
  EXPECT_EQ(write_yaml(value), "c: 1\n");
  EXPECT_EQ(write_yaml(Yaml::map({})), "");
}

TEST(YamlWriter, AnyTextIsReadBackAsItWas) {
  for (const char* text :
       {"", "yes", "1.0", "a\nb", "\t'\"\\", "# no comment", "\xc3\xa4 \xf0\x9f\x9a\xa2", "*a", "null"}) {
    const auto document = config::parse_yaml(write_yaml(Yaml::map({{"a", Yaml::text(text)}})), "a.yaml");
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->front().find("a")->scalar, text);
  }
}

}  // namespace
}  // namespace slipway::run
