#include "run/dockerfile_heredocs.h"

#include <gmock/gmock.h>

#include "slipway/run/pin.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ends(std::string_view line, char escape = '\\') {
  std::vector<std::string> out;
  for (const Heredoc& heredoc : heredocs_of(line, escape))
    out.push_back((heredoc.strips_tabs ? "-" : "") + heredoc.end);
  return out;
}

// BuildKit's parser reads the same lines so.
TEST(Heredocs, AreWordsOfTheShell) {
  EXPECT_THAT(ends("RUN <<EOF"), ElementsAre("EOF"));
  EXPECT_THAT(ends("RUN <<-EOF"), ElementsAre("-EOF"));
  EXPECT_THAT(ends("RUN <<'EOF' cat <<\"TWO\""), ElementsAre("EOF", "TWO"));
  EXPECT_THAT(ends("RUN 3<<E cat"), ElementsAre("E"));
  EXPECT_THAT(ends("COPY <<a.txt <<b.txt /x/"), ElementsAre("a.txt", "b.txt"));
  EXPECT_THAT(ends("RUN <<E\"O\"F"), ElementsAre("EOF"));
}

TEST(Heredocs, AreNotOpenedInsideOfOtherWords) {
  for (const char* line :
       {"RUN echo \"run: cat <<EOF\" >> /u", "RUN echo '<<EOF'", "RUN cat<<EOF", "RUN a <<<EOF", "RUN a << EOF",
        "RUN echo it's <<EOF", "RUN echo \\\"<<EOF", "RUN echo $((1<<2))", "RUN a <<"})
    EXPECT_THAT(ends(line), IsEmpty()) << line;
}

TEST(Heredocs, KnowTheEscapeCharacter) {
  EXPECT_THAT(ends("RUN echo \\' <<EOF"), ElementsAre("EOF"));
  EXPECT_THAT(ends("RUN echo `' <<EOF", '`'), ElementsAre("EOF"));
  EXPECT_THAT(ends("RUN echo `' <<EOF"), IsEmpty()) << "a quote that stays open";
}

TEST(Heredocs, WithoutAnEndAreAnError) {
  const auto none = resolve_from([](const oci::Location&) { return Digest::parse("sha256:" + std::string(64, 'a')); });
  const PinReport report = pin_text("FROM a:1\nRUN <<EOF\n  EOF\n", "Dockerfile", none);
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].code, Errc::invalid_argument);
  EXPECT_THAT(report.errors[0].describe(), HasSubstr("Dockerfile:2:1"));
  EXPECT_FALSE(report.changed());
}

}  // namespace
}  // namespace slipway::run
