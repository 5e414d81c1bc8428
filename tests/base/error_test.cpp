#include "slipway/base/error.h"

#include <gtest/gtest.h>

#include "slipway/base/diagnostics.h"
#include "slipway/base/result.h"

namespace slipway {
namespace {

TEST(Error, ExitStatusFollowsTheContract) {
  EXPECT_EQ(exit_status(Errc::failed), 1);
  EXPECT_EQ(exit_status(Errc::invalid_argument), 2);
  EXPECT_EQ(exit_status(Errc::unsupported), 2);
  EXPECT_EQ(exit_status(Errc::policy_denied), 11);
  EXPECT_EQ(exit_status(Errc::verification_failed), 12);
  EXPECT_EQ(exit_status(Errc::malformed), 12);
  EXPECT_EQ(exit_status(Errc::not_found), 13);
  EXPECT_EQ(exit_status(Errc::unauthorized), 14);
  EXPECT_EQ(exit_status(Errc::forbidden), 14);
  EXPECT_EQ(exit_status(Errc::network), 15);
  EXPECT_EQ(exit_status(Errc::rate_limited), 15);
  EXPECT_EQ(exit_status(Errc::conflict), 16);
  EXPECT_EQ(exit_status(Errc::cancelled), 130);
}

TEST(Error, DescribesPlaceSideCauseTrailAndHint) {
  Error error = Error(Errc::not_found, "manifest v1 is not there")
                    .on(Side::source)
                    .in("resolving host/repo:v1")
                    .with_hint("list the tags with: slipway ls host/repo");
  error.http = HttpDetail{404, "MANIFEST_UNKNOWN", "no such tag"};
  EXPECT_EQ(error.describe(),
            "source: manifest v1 is not there (HTTP 404 MANIFEST_UNKNOWN)\n"
            "  response from the registry: no such tag\n"
            "  while resolving host/repo:v1\n"
            "  hint: list the tags with: slipway ls host/repo");
}

TEST(Error, FirstPlaceSideAndHintWin) {
  const Error error = Error(Errc::failed, "m")
                          .at({"a.yaml", 1, 2})
                          .at({"b.yaml", 3, 4})
                          .on(Side::destination)
                          .on(Side::source)
                          .with_hint("first")
                          .with_hint("second");
  EXPECT_EQ(error.describe(), "a.yaml:1:2: destination: m\n  hint: first");
}

TEST(Error, CombineKeepsACommonStatusElseFails) {
  EXPECT_EQ(combine({Error(Errc::unauthorized, "a"), Error(Errc::forbidden, "b")}).code, Errc::unauthorized);
  EXPECT_EQ(combine({Error(Errc::unauthorized, "a"), Error(Errc::network, "b")}).code, Errc::failed);
  EXPECT_EQ(combine({Error(Errc::network, "only")}).describe(), "only");
}

TEST(Diagnostics, ReportsAllInOrderOfPlace) {
  Diagnostics diagnostics;
  diagnostics.error({"f", 9, 1}, "late");
  diagnostics.error({"f", 2, 5}, "early", "do this");
  diagnostics.warning({"f", 1, 1}, "only a warning");
  EXPECT_EQ(diagnostics.warnings().size(), 1u);
  const Status status = std::move(diagnostics).status();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::invalid_argument);
  EXPECT_EQ(status.error().describe(), "f:2:5: early\n  hint: do this\nf:9:1: late");
}

TEST(Diagnostics, WarningsAloneAreSuccess) {
  Diagnostics diagnostics;
  diagnostics.warning({"f", 1, 1}, "careful");
  EXPECT_TRUE(std::move(diagnostics).status().has_value());
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Errc::invalid_argument, "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  SLIPWAY_ASSIGN(const int h, half(n));
  SLIPWAY_TRY(half(h));
  return h / 2;
}

TEST(Result, MacrosPassErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(quarter(5).error().message, "5 is odd");
}

TEST(Error, TheFactoryFormatsItsMessage) {
  const Error made = error(Errc::not_found, "{} of {}", 1, "two").with_hint("look");
  EXPECT_EQ(made.code, Errc::not_found);
  EXPECT_EQ(made.describe(), "1 of two\n  hint: look");
}

TEST(ExitStatus, TheTableHasEveryStatusOnceInOrderWithItsMeaning) {
  std::vector<int> listed;
  for (const auto& [status, meaning] : exit_statuses()) {
    listed.push_back(status);
    EXPECT_FALSE(meaning.empty()) << status;
  }
  EXPECT_EQ(listed, (std::vector<int>{0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 125, 130, 143}));
  for (int code = 0; code <= static_cast<int>(Errc::internal); ++code)
    EXPECT_NE(std::find(listed.begin(), listed.end(), exit_status(static_cast<Errc>(code))), listed.end()) << code;
}

}  // namespace
}  // namespace slipway
