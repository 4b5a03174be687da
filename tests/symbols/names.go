// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// A Go program whose frames are to be named when it is stripped.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
)

type shape interface{ area(int) int }
type square struct{ side int }

//go:noinline
func (s *square) area(depth int) int {
	if depth == 0 {
		if len(os.Args) > 1 {
			time.Sleep(60 * time.Second)
		}
		return s.side * s.side
	}
	return s.area(depth-1) + 1
}

//go:noinline
func measure(s shape) int { return s.area(5) }

func main() {
	words := strings.Fields("some words to be sorted")
	sort.Slice(words, func(i, k int) bool { return words[i] < words[k] })
	fmt.Println(words, measure(&square{len(os.Args)}))
}
