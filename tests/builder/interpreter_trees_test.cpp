#include "builder/interpreter_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InterpreterTreesTest : public ::testing::Test {
 protected:
  void have(const std::string& folder) { stdfs::create_directories(dir.path() / folder); }
  std::vector<std::string> folders(const std::string& program) {
    return trees_of_interpreter(real_fs(), dir.path(), program).folders;
  }
  test::TempDir dir;
};

TEST_F(InterpreterTreesTest, PythonHasOneBesideItsPrefix) {
  have("usr/lib/python3.11");
  have("usr/local/lib/python3.12");
  EXPECT_THAT(folders("/usr/bin/python3.11"), ElementsAre("/usr/lib/python3.11"));
  EXPECT_THAT(folders("/bin/python3.11"), ElementsAre("/usr/lib/python3.11"));
  EXPECT_THAT(folders("/usr/local/bin/python3.12"), ElementsAre("/usr/local/lib/python3.12"));
  EXPECT_THAT(folders("/usr/bin/python3.12"), IsEmpty());
  EXPECT_EQ(trees_of_interpreter(real_fs(), dir.path(), "/usr/bin/python3.12").needs, "/usr/lib/python3.12");
}

TEST_F(InterpreterTreesTest, PerlHasThoseOfItsDistribution) {
  have("usr/share/perl5");
  EXPECT_THAT(folders("/usr/bin/perl"), ElementsAre("/usr/share/perl5"));
  have("usr/lib/x86_64-linux-gnu/perl-base");
  EXPECT_THAT(folders("/usr/bin/perl"), ElementsAre("/usr/lib/x86_64-linux-gnu/perl-base"));
  have("usr/share/perl");
  EXPECT_THAT(folders("/usr/bin/perl5.36.0"), ElementsAre("/usr/lib/x86_64-linux-gnu/perl-base", "/usr/share/perl"));
}

TEST_F(InterpreterTreesTest, OthersNeedNone) {
  have("usr/share/nodejs/undici");
  EXPECT_THAT(folders("/usr/bin/node"), ElementsAre("/usr/share/nodejs/undici"));
  for (const char* program : {"/bin/sh", "/usr/bin/node", "/usr/bin/python3-config", "/usr/bin/perldoc"})
    EXPECT_EQ(trees_of_interpreter(real_fs(), dir.path(), program).needs, "") << program;
}

}  // namespace
}  // namespace slipway::builder
