/**
 * access: who someone is and what they may do.
 *
 * - studio: the rights holder and tenant; every row, key and log belongs to one
 * - member: a person in a studio, with roles
 * - principal: a signed-in member for the length of a request
 * - ability: what the roles allow, as 'action Subject' pairs; row security stays the wall, abilities decide within it
 * - agent: the machine of a studio's GPU tenant; it holds a token of that studio alone
 */
export { abilityFor, allowed, isPermission, type Ability, type Action, type Permission, type Role, ROLES, type Subject } from './abilities.js';
export { Access, type Member, type Principal, type SignedIn, type Studio, type Tenant } from './access.js';
