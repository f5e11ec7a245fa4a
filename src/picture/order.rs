//! Groups of nodes in an order without circles.

/// The strongly connected parts of a graph, each after those it takes from. `edges[i]` are what `i` takes from.
///
/// Grouping can make a circle where one group computes something between two nodes of another; such groups are one.
pub(super) fn merge_cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    // Kosaraju: finish times forwards, then the transposed graph from the last to finish.
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (user, sources) in edges.iter().enumerate() {
        sources.iter().for_each(|source| users[*source].push(user));
    }
    let mut visited = vec![false; edges.len()];
    let mut finished = Vec::with_capacity(edges.len());
    for start in (0..edges.len()).rev() {
        finished.extend(visit(start, &users, &mut visited));
    }
    let mut taken = vec![false; edges.len()];
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for start in finished.into_iter().rev() {
        let part = visit(start, edges, &mut taken);
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

/// What can be reached and was not visited, in the order of being finished.
fn visit(start: usize, next: &[Vec<usize>], visited: &mut [bool]) -> Vec<usize> {
    let mut finished = Vec::new();
    let mut stack = Vec::new();
    if !std::mem::replace(&mut visited[start], true) {
        stack.push((start, 0));
    }
    while let Some((place, done)) = stack.pop() {
        match next[place].get(done) {
            Some(follower) => {
                stack.push((place, done + 1));
                if !std::mem::replace(&mut visited[*follower], true) {
                    stack.push((*follower, 0));
                }
            }
            None => finished.push(place),
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::merge_cycles;

    #[test]
    fn circles_become_one_and_sources_come_first() {
        // 2 takes from 0 and 1, 3 from 2 and 4, 4 from 3: 3 and 4 are a circle.
        let mut parts = merge_cycles(&[vec![], vec![], vec![0, 1], vec![2, 4], vec![3], vec![4]]);
        parts.iter_mut().for_each(|part| part.sort_unstable());
        let place = |member: usize| parts.iter().position(|part| part.contains(&member)).unwrap_or(usize::MAX);
        assert_eq!(parts.len(), 5);
        assert_eq!(parts[place(3)], [3, 4]);
        assert!(place(0) < place(2) && place(1) < place(2) && place(2) < place(3) && place(4) < place(5));
    }
}
