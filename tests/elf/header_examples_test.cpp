#include <gtest/gtest.h>

#include "slipway/elf/closure.h"
#include "support/elf_bytes.h"
#include "support/header_example.h"
#include "support/temp_dir.h"

namespace slipway {
namespace {

// EX closure
Result<std::vector<std::string>> libraries_of(elf::Root& machine, const std::string& program) {
  SLIPWAY_ASSIGN(auto found, machine.find(program));
  if (!found) return fail(Errc::not_found, "{} does not exist", program);
  elf::Roots roots;
  roots.supply = &machine;
  SLIPWAY_ASSIGN(const elf::Closure closure, elf::find_closure(roots, {*std::move(found), {}}));
  std::vector<std::string> paths;
  for (const elf::ClosureFile& file : closure.files)
    paths.push_back(file.file.path);
  return paths;
}
// END

TEST(ClosureExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/elf/closure.h", "tests/elf/header_examples_test.cpp");
  const test::TempDir dir;
  test::ElfBytes library, program;
  library.soname = "liba.so.1";
  program.needed = {"liba.so.1"};
  ASSERT_TRUE(real_fs().make_directories(dir.path() / "usr/lib"));
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "usr/lib/liba.so.1", library.str()));
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "p", program.str()));
  elf::DiskRoot machine(real_fs(), dir.path(), "a machine");
  const auto paths = libraries_of(machine, "/p");
  ASSERT_TRUE(paths) << paths.error().describe();
  EXPECT_EQ(*paths, std::vector<std::string>{"/usr/lib/liba.so.1"});
  EXPECT_EQ(libraries_of(machine, "/q").error().code, Errc::not_found);
}

}  // namespace
}  // namespace slipway
