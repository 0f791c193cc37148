// The product catalogue of a web shop, as a program to be profiled: two routes, a cache that fills and empties,
// a load that comes and goes. Serves net/http/pprof on the address in the first argument, and godeltaprof beside it, whose
// heap profiles count the allocations since the one before.
package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime/pprof"
	"sort"
	"strings"
	"time"

	_ "github.com/grafana/pyroscope-go/godeltaprof/http/pprof"
)

const (
	cycle       = 48 * time.Second // one turn of the load, from quiet to busy and back
	quiet, busy = 0.1, 0.8         // shares of a core in use at both
)

type product struct {
	ID    int      `json:"id"`
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
	Price int      `json:"price"`
}

type catalog struct {
	products []product
	index    map[string][]int
	cache    map[int][]byte
	random   *rand.Rand
}

func main() {
	go func() { log.Fatal(http.ListenAndServe(os.Args[1], nil)) }()
	shop := loadCatalog(6000)
	started := time.Now()
	for {
		began := time.Now()
		load := loadAt(began.Sub(started))
		shop.evictOldPages(int(load * 900))
		if shop.random.Intn(3) == 0 {
			withRoute("/search", shop.handleSearch)
		} else {
			withRoute("/product", shop.handleProduct)
		}
		worked := time.Since(began)
		time.Sleep(time.Duration(float64(worked)/load) - worked)
	}
}

func withRoute(route string, handler func()) {
	pprof.Do(context.Background(), pprof.Labels("route", route), func(context.Context) { handler() })
}

func loadAt(since time.Duration) float64 {
	turn := 2 * math.Pi * float64(since) / float64(cycle)
	return quiet + (busy-quiet)*(0.5-0.5*math.Cos(turn))
}

func loadCatalog(count int) *catalog {
	shop := &catalog{index: map[string][]int{}, cache: map[int][]byte{}, random: rand.New(rand.NewSource(7))}
	for id := 0; id < count; id++ {
		shop.products = append(shop.products, newProduct(id))
		shop.indexWords(id)
	}
	return shop
}

func newProduct(id int) product {
	tags := []string{fmt.Sprint("colour", id%12), fmt.Sprint("size", id%7), fmt.Sprint("brand", id%90)}
	return product{id, fmt.Sprintf("product %d %s", id, strings.Join(tags, " ")), tags, 100 + id%4000}
}

func (c *catalog) indexWords(id int) {
	for _, word := range strings.Fields(c.products[id].Title) {
		c.index[word] = append(c.index[word], id)
	}
}

func (c *catalog) handleSearch() {
	hits := c.findProducts(fmt.Sprint("colour", c.random.Intn(12)), fmt.Sprint("size", c.random.Intn(7)))
	c.sortByPrice(hits)
	compressPage(c.renderProducts(hits[:min(len(hits), 40)]))
}

func (c *catalog) handleProduct() {
	id := c.random.Intn(len(c.products))
	if _, found := c.cache[id]; !found {
		c.cache[id] = c.renderPage(id)
	}
}

func (c *catalog) renderPage(id int) []byte {
	related := c.relatedProducts(id)
	page := append(c.renderProducts(related), make([]byte, 24<<10)...)
	compressPage(page[:8<<10])
	return page
}

func (c *catalog) findProducts(words ...string) []int {
	counts := map[int]int{}
	for _, word := range words {
		for _, id := range c.index[word] {
			counts[id]++
		}
	}
	var hits []int
	for id, count := range counts {
		if count == len(words) {
			hits = append(hits, id)
		}
	}
	return hits
}

func (c *catalog) relatedProducts(id int) []int {
	related := c.findProducts(c.products[id].Tags...)
	sort.Ints(related)
	return related[:min(len(related), 20)]
}

func (c *catalog) sortByPrice(ids []int) {
	sort.Slice(ids, func(i, j int) bool { return c.products[ids[i]].Price < c.products[ids[j]].Price })
}

func (c *catalog) renderProducts(ids []int) []byte {
	var chosen []product
	for _, id := range ids {
		chosen = append(chosen, c.products[id])
	}
	page, err := json.Marshal(chosen)
	if err != nil {
		log.Fatal(err)
	}
	return page
}

func compressPage(page []byte) {
	packer := gzip.NewWriter(io.Discard)
	packer.Write(page)
	packer.Close()
}

func (c *catalog) evictOldPages(keep int) {
	for id := range c.cache {
		if len(c.cache) <= keep {
			return
		}
		delete(c.cache, id)
	}
}
