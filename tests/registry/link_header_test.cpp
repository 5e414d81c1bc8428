#include "registry/link_header.h"

#include <gtest/gtest.h>

namespace slipway::registry {
namespace {

std::string next_of(const std::vector<std::string>& headers) {
  const auto next = next_link(headers);
  if (!next) return "error";
  return next->value_or("none");
}

TEST(LinkHeader, FindsTheNextPage) {
  EXPECT_EQ(next_of({R"(</v2/a/tags/list?last=x&n=2>; rel="next")"}), "/v2/a/tags/list?last=x&n=2");
  EXPECT_EQ(next_of({R"(<http://h/x>; rel="prev", <http://h/y>; rel=next)"}), "http://h/y");
  EXPECT_EQ(next_of({"</x>; rel=\"last\""}), "none");
  EXPECT_EQ(next_of({}), "none");
  EXPECT_EQ(next_of({""}), "none");
}

TEST(LinkHeader, ReadsAllFormsOfRfc8288) {
  struct Case {
    std::vector<std::string> headers;
    const char* next;
  };
  for (const Case& c : {
           Case{{R"(</p?a=1,2>; rel="next")"}, "/p?a=1,2"},                                // a comma in the URL
           {{R"(</p>; rel="last next first")"}, "/p"},                                     // several relations
           {{R"(</p>; rel="nextish", </q>; rel="nexT")"}, "/q"},                           // whole words, any case
           {{R"(</p>; title="a, b; rel=prev"; rel=next)"}, "/p"},                          // quoted separators
           {{R"(</p>; title="say \"hi\", <x>"; rel=next)"}, "/p"},                         // quoted pairs
           {{R"(</p> ; rel = "next" ; type="a/b")"}, "/p"},                                // blanks
           {{R"(</p>;rel=next;rel=prev)"}, "/p"},                                          // the first rel counts
           {{R"(</p>;rel=prev;rel=next)"}, "none"},                                        //
           {{R"(</a>; rel=prev, </b>; rel=first, </c>; rel="next")"}, "/c"},               // several links
           {{R"(</a>; rel=prev)", R"(</b>; rel=next)"}, "/b"},                             // several header lines
           {{R"(</a>; rel=next; anchor="#foo", </b>; rel=next)"}, "/b"},                   // about another resource
           {{R"(</v2/a/tags/list?n=2&last=x; rel="next")"}, "error"},                      // never closed
           {{R"(/v2/a/tags/list?n=2&last=x; rel="next")"}, "/v2/a/tags/list?n=2&last=x"},  // no brackets
           {{R"(,, </p>; crossorigin; rel=next ,)"}, "/p"},                                // a parameter without value
           {{R"(<>; rel="next")"}, ""},                                                    // the page itself
           {{R"(</p>; rel="next)"}, "/p"},                                                 // quotes never closed
           {{R"(</p> rel="next")"}, "error"},                                              // a lost semicolon
       }) {
    EXPECT_EQ(next_of(c.headers), c.next) << c.headers.front();
  }
}

}  // namespace
}  // namespace slipway::registry
