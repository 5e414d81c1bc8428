#include "cli/machine_checks.h"

#include <gmock/gmock.h>

#include "cli/command_line.h"

namespace slipway::test {
namespace {

using cli::MachineFacts;
using cli::MachineFinding;
using testing::HasSubstr;

/// A machine on which all is well.
MachineFacts sound() {
  MachineFacts facts;
  facts.now = 1'700'000'000;
  facts.newest_record = 1'699'999'000;
  facts.certificates = "/etc/ssl/certs/ca-certificates.crt";
  facts.runners = {"runc"};
  facts.space = {{"/srv", 5ull << 30}, {"/tmp", 1ull << 30}};
  return facts;
}

std::vector<std::string> checks(const MachineFacts& facts) {
  std::vector<std::string> names;
  for (const MachineFinding& finding : judge_machine(facts)) {
    EXPECT_FALSE(finding.meaning.empty());
    EXPECT_FALSE(finding.action.empty());
    names.push_back(finding.check + (finding.is_problem ? "!" : ""));
  }
  return names;
}

TEST(MachineChecks, EachFactIsJudged) {
  EXPECT_THAT(checks(sound()), testing::IsEmpty());
  MachineFacts facts = sound();
  facts.now = *facts.newest_record - 301;
  EXPECT_THAT(checks(facts), testing::ElementsAre("clock!"));
  facts.now = *facts.newest_record - 300;
  EXPECT_THAT(checks(facts), testing::IsEmpty());
  facts = sound();
  facts.newest_record.reset();
  EXPECT_THAT(checks(facts), testing::IsEmpty()) << "what is not known is not judged";
  facts.has_certificates = false;
  facts.runners.clear();
  facts.space[1].second -= 1;
  EXPECT_THAT(checks(facts), testing::ElementsAre("certificates!", "runner", "space!"));
  EXPECT_THAT(judge_machine(facts)[2].what, HasSubstr("/tmp"));
}

TEST(MachineChecks, DoctorNeedsNoProject) {
  CommandLine line;
  line.write("none.pem", "no certificates");
  line.write("good.pem", "-----BEGIN CERTIFICATE-----\n");
  line.set("SSL_CERT_FILE", line.path("none.pem").native());
  const Outcome bad = line.run({"doctor"});
  EXPECT_EQ(bad.status, 10) << bad.out << bad.err;
  EXPECT_THAT(bad.out, HasSubstr("none.pem has no certificates"));
  EXPECT_THAT(bad.out, HasSubstr("no podman, docker")) << "PATH is empty here";
  EXPECT_THAT(line.run({"doctor", "-o", "json"}).out, HasSubstr("\"check\": \"certificates\""));
  line.set("SSL_CERT_FILE", line.path("good.pem").native());
  EXPECT_EQ(line.run({"doctor", "-o", "json"}).out.find("certificates"), std::string::npos);
  const Outcome environment = line.run({"doctor", "production"});
  EXPECT_EQ(environment.status, 2);
  EXPECT_THAT(environment.err, HasSubstr("slipway init"));
}

}  // namespace
}  // namespace slipway::test
